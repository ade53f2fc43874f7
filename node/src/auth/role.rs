//! Built-in roles: MongoDB's names, and what each may do.

use bson::{Bson, Document, doc};

/// What somebody may do. The first six in one database, the others with the member or the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Read documents.
    Read,
    /// Write documents.
    Write,
    /// Make, change and drop collections and indexes.
    Schema,
    /// Drop the database, validate its collections, its profiler.
    Database,
    /// List what there is, and its sizes.
    Inspect,
    /// Make and change its users.
    Users,
    /// See how the set does.
    Monitor,
    /// Reconfigure the set, step down, sync from somebody else.
    Manage,
    /// Shut down, kill operations, read the log.
    Host,
}

/// Where a role's name is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// In every database, for that database.
    Own,
    /// In `admin`, for all databases but `local` and `config`.
    Everywhere,
    /// In `admin`, for really all.
    Whole,
}

use Right::{Database, Host, Inspect, Manage, Monitor, Read, Schema, Users, Write};

/// All built-in roles.
const ROLES: &[(&str, Kind, &[Right])] = &[
    ("read", Kind::Own, &[Read, Inspect]),
    ("readWrite", Kind::Own, &[Read, Write, Schema, Inspect]),
    ("dbAdmin", Kind::Own, &[Schema, Database, Inspect]),
    (
        "dbOwner",
        Kind::Own,
        &[Read, Write, Schema, Database, Inspect, Users],
    ),
    ("userAdmin", Kind::Own, &[Users]),
    ("readAnyDatabase", Kind::Everywhere, &[Read, Inspect]),
    (
        "readWriteAnyDatabase",
        Kind::Everywhere,
        &[Read, Write, Schema, Inspect],
    ),
    (
        "dbAdminAnyDatabase",
        Kind::Everywhere,
        &[Schema, Database, Inspect],
    ),
    ("userAdminAnyDatabase", Kind::Everywhere, &[Users]),
    ("clusterMonitor", Kind::Whole, &[Monitor, Inspect]),
    ("clusterManager", Kind::Whole, &[Manage, Monitor]),
    ("hostManager", Kind::Whole, &[Host]),
    (
        "clusterAdmin",
        Kind::Whole,
        &[Manage, Monitor, Host, Inspect, Database],
    ),
    ("backup", Kind::Whole, &[Read, Inspect, Monitor]),
    ("restore", Kind::Whole, &[Write, Schema, Inspect, Users]),
    (
        "root",
        Kind::Whole,
        &[
            Read, Write, Schema, Database, Inspect, Users, Monitor, Manage, Host,
        ],
    ),
];

/// A role given to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// The database in which it is known.
    pub database: String,
}

impl Role {
    /// `"name"`, or `{role, db}`.
    #[must_use]
    pub fn of_bson(value: &Bson, database: &str) -> Option<Self> {
        match value {
            Bson::String(name) => Some(Self {
                name: name.clone(),
                database: database.to_owned(),
            }),
            Bson::Document(role) => Some(Self {
                name: role.get_str("role").ok()?.to_owned(),
                database: role.get_str("db").ok()?.to_owned(),
            }),
            _ => None,
        }
    }

    /// `{role, db}`.
    #[must_use]
    pub fn to_document(&self) -> Document {
        doc! { "role": &self.name, "db": &self.database }
    }

    /// Is there such a role in its database?
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.row().is_some()
    }

    /// May its owner do this in this database? For the rights on the set the database says nothing.
    #[must_use]
    pub fn grants(&self, right: Right, database: &str) -> bool {
        let Some((kind, rights)) = self.row() else {
            return false;
        };
        let there = match kind {
            Kind::Own => self.database == database,
            Kind::Everywhere => database != "local" && database != "config",
            Kind::Whole => true,
        };
        there && rights.contains(&right)
    }

    fn row(&self) -> Option<(Kind, &'static [Right])> {
        let (_, kind, rights) = ROLES.iter().find(|(name, ..)| *name == self.name)?;
        (*kind == Kind::Own || self.database == "admin").then_some((*kind, *rights))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_grants_what_mongodb_says() {
        assert!(role("read", "shop").grants(Read, "shop"));
        assert!(!role("read", "shop").grants(Read, "other"));
        assert!(!role("read", "shop").grants(Write, "shop"));
        assert!(role("readWrite", "shop").grants(Schema, "shop"));
        assert!(role("readAnyDatabase", "admin").grants(Read, "other"));
        assert!(!role("readAnyDatabase", "admin").grants(Read, "local"));
        assert!(role("backup", "admin").grants(Read, "local"));
        assert!(
            role("userAdmin", "shop").grants(Users, "shop")
                && !role("userAdmin", "shop").grants(Read, "shop")
        );
        assert!(role("clusterManager", "admin").grants(Manage, "admin"));
        assert!(!role("dbOwner", "admin").grants(Manage, "admin"));
        assert!(role("root", "admin").grants(Host, "anything"));
    }

    #[test]
    fn roles_for_all_databases_are_known_in_admin_only() {
        assert!(role("dbOwner", "shop").is_known() && role("root", "admin").is_known());
        assert!(!role("root", "shop").is_known() && !role("root", "shop").grants(Read, "shop"));
        assert!(!role("king", "admin").is_known());
    }

    fn role(name: &str, database: &str) -> Role {
        Role {
            name: name.to_owned(),
            database: database.to_owned(),
        }
    }
}
