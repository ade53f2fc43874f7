//! A user, as it lies in `admin.system.users` on every member.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, Document, doc};

use super::role::{Right, Role};
use super::scram::{Credentials, Hash};

/// Where users are.
pub const USERS: &str = "admin.system.users";
/// The one mechanism.
pub const MECHANISM: &str = "SCRAM-SHA-256";

/// A user's name: unique in its database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserName {
    /// The name.
    pub user: String,
    /// The database where it logs in.
    pub database: String,
}

impl std::fmt::Display for UserName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}@{}", self.user, self.database)
    }
}

impl UserName {
    /// `_id` of its document.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}.{}", self.database, self.user)
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Who.
    pub name: UserName,
    /// Tells it from an earlier user of this name.
    pub id: [u8; 16],
    /// Its password.
    pub credentials: Credentials,
    /// What it may do.
    pub roles: Vec<Role>,
    /// The operator's notes.
    pub custom: Option<Document>,
}

impl User {
    /// May it do this in this database?
    #[must_use]
    pub fn grants(&self, right: Right, database: &str) -> bool {
        self.roles.iter().any(|role| role.grants(right, database))
    }

    /// As it is stored.
    #[must_use]
    pub fn to_document(&self) -> Document {
        let credentials = doc! {
            "iterationCount": i32::try_from(self.credentials.iterations).unwrap_or(i32::MAX),
            "salt": STANDARD.encode(&self.credentials.salt),
            "storedKey": STANDARD.encode(self.credentials.stored_key),
            "serverKey": STANDARD.encode(self.credentials.server_key),
        };
        let mut document = doc! {
            "_id": self.name.id(),
            "userId": self.user_id(),
            "user": &self.name.user,
            "db": &self.name.database,
            "credentials": { MECHANISM: credentials },
            "roles": self.roles.iter().map(|role| Bson::Document(role.to_document())).collect::<Vec<_>>(),
        };
        if let Some(custom) = &self.custom {
            document.insert("customData", custom.clone());
        }
        document
    }

    /// Reads it; `None` for what is no user.
    #[must_use]
    pub fn of_document(document: &Document) -> Option<Self> {
        let credentials = document.get_document("credentials").ok()?;
        let credentials = credentials.get_document(MECHANISM).ok()?;
        let hash = |key| -> Option<Hash> {
            let bytes = STANDARD.decode(credentials.get_str(key).ok()?).ok()?;
            bytes.try_into().ok()
        };
        Some(Self {
            name: UserName {
                user: document.get_str("user").ok()?.to_owned(),
                database: document.get_str("db").ok()?.to_owned(),
            },
            id: match document.get("userId")? {
                Bson::Binary(id) => id.bytes.as_slice().try_into().ok()?,
                _ => return None,
            },
            credentials: Credentials {
                salt: STANDARD.decode(credentials.get_str("salt").ok()?).ok()?,
                iterations: u32::try_from(credentials.get_i32("iterationCount").ok()?).ok()?,
                stored_key: hash("storedKey")?,
                server_key: hash("serverKey")?,
            },
            roles: document
                .get_array("roles")
                .ok()?
                .iter()
                .filter_map(|role| Role::of_bson(role, "admin"))
                .collect(),
            custom: document.get_document("customData").ok().cloned(),
        })
    }

    /// As `usersInfo` shows it.
    #[must_use]
    pub fn shown(&self, with_credentials: bool) -> Document {
        let mut document = self.to_document();
        if !with_credentials {
            document.remove("credentials");
        }
        document.insert("mechanisms", vec![MECHANISM]);
        document
    }

    fn user_id(&self) -> Binary {
        Binary {
            subtype: BinarySubtype::Uuid,
            bytes: self.id.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_survives_its_document() {
        let user = User {
            name: UserName {
                user: "ann".to_owned(),
                database: "shop".to_owned(),
            },
            id: [7; 16],
            credentials: Credentials::derive("pencil", b"salt", 2).unwrap(),
            roles: vec![Role {
                name: "readWrite".to_owned(),
                database: "shop".to_owned(),
            }],
            custom: Some(doc! { "room": 4 }),
        };
        let document = user.to_document();
        assert_eq!(document.get_str("_id").unwrap(), "shop.ann");
        assert_eq!(User::of_document(&document), Some(user.clone()));
        let shown = user.shown(false);
        assert!(!shown.contains_key("credentials") && shown.contains_key("mechanisms"));
        assert_eq!(User::of_document(&doc! { "user": "ann" }), None);
    }
}
