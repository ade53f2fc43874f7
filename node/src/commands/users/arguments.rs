//! What the commands on users have in common.

use bson::{Bson, Document, RawDocumentBuf, rawdoc};

use crate::auth::random;
use crate::auth::role::Role;
use crate::auth::scram::{Credentials, ITERATIONS, SALT_BYTES};
use crate::auth::user::{MECHANISM, USERS, User, UserName};
use crate::commands::arguments::Arguments;
use crate::commands::command::WriteOp;
use crate::commands::error::CommandError;
use crate::storage::key::value_key;
use crate::storage::store::{KeyRange, PageLimit, ReadAt, Store};

/// The user that a command names, in the command's database.
pub(super) fn name_of(arguments: &Arguments, command: &str) -> Result<UserName, CommandError> {
    match arguments.get(command) {
        Some(Bson::String(user)) if !user.is_empty() => Ok(UserName {
            user: user.clone(),
            database: arguments.database().to_owned(),
        }),
        Some(Bson::String(_)) => Err(CommandError::new(
            2,
            "User document needs 'user' field to be non-empty",
        )),
        _ => Err(CommandError::new(
            14,
            format!("BSON field '{command}.{command}' is the wrong type, expected type 'string'"),
        )),
    }
}

/// The roles that a command names; `None` when it names none.
pub(super) fn roles_of(arguments: &Arguments) -> Result<Option<Vec<Role>>, CommandError> {
    let given = match arguments.get("roles") {
        None => return Ok(None),
        Some(Bson::Array(given)) => given,
        Some(_) => {
            let text = "the field 'roles' is the wrong type, expected type 'array'";
            return Err(CommandError::new(14, text));
        }
    };
    let mut roles: Vec<Role> = Vec::new();
    for value in given {
        let role = Role::of_bson(value, arguments.database())
            .ok_or_else(|| CommandError::new(2, "a role is a name, or {role: <name>, db: <database>}"))?;
        if !role.is_known() {
            let text = format!("Could not find role: {}@{}", role.name, role.database);
            return Err(CommandError::new(31, text));
        }
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    Ok(Some(roles))
}

/// New credentials from a command's password; `None` when it has none.
///
/// Hashing takes some milliseconds, in which the member does nothing else: users are rarely made.
pub(super) fn credentials_of(arguments: &Arguments) -> Result<Option<Credentials>, CommandError> {
    if let Some(Bson::Array(mechanisms)) = arguments.get("mechanisms") {
        let other = mechanisms
            .iter()
            .find(|mechanism| mechanism.as_str() != Some(MECHANISM));
        if let Some(other) = other {
            let text = format!("Unknown auth mechanism {other}; there is {MECHANISM}");
            return Err(CommandError::new(2, text));
        }
    }
    if !arguments.flag("digestPassword", true) {
        let text = format!("Use of {MECHANISM} requires undigested passwords");
        return Err(CommandError::new(2, text));
    }
    let password = match arguments.get("pwd") {
        None => return Ok(None),
        Some(Bson::String(password)) if !password.is_empty() => password,
        Some(Bson::String(_)) => return Err(CommandError::new(2, "Password cannot be empty")),
        Some(_) => {
            return Err(CommandError::new(
                14,
                "the field 'pwd' is the wrong type, expected type 'string'",
            ));
        }
    };
    let salt = random::bytes::<SALT_BYTES>().map_err(|error| CommandError::new(1, error))?;
    let credentials = Credentials::derive(password, &salt, ITERATIONS);
    credentials
        .map(Some)
        .map_err(|error| CommandError::new(2, error.to_string()))
}

/// The stored user.
pub(super) fn find(store: &Store, name: &UserName) -> Result<Option<User>, CommandError> {
    let id = name.id();
    let key =
        value_key(bson::RawBsonRef::String(&id)).map_err(|error| CommandError::new(2, error.to_string()))?;
    let found = store.get(USERS, &key, ReadAt::Latest)?;
    Ok(found
        .and_then(|bytes| Document::from_reader(bytes.as_ref()).ok())
        .and_then(|document| User::of_document(&document)))
}

/// The stored user, or error 11.
pub(super) fn find_known(store: &Store, name: &UserName) -> Result<User, CommandError> {
    find(store, name)?.ok_or_else(|| CommandError::new(11, format!("User '{name}' not found")))
}

/// Stored users, in the order of their names; with a database, those that log in there.
pub(super) fn all(store: &Store, at: ReadAt, database: Option<&str>) -> Result<Vec<User>, CommandError> {
    let mut users = Vec::new();
    for (_, bytes) in store
        .page(USERS, &KeyRange::all(), at, PageLimit::NONE)?
        .documents
    {
        let document = Document::from_reader(bytes.as_ref()).ok();
        users.extend(document.and_then(|document| User::of_document(&document)));
    }
    users.retain(|user| database.is_none_or(|database| user.name.database == database));
    Ok(users)
}

/// A user's new state.
pub(super) fn update(user: &User) -> Result<WriteOp, CommandError> {
    Ok(WriteOp::Update {
        ns: USERS.to_owned(),
        id: id_document(user),
        document: stored(user)?,
    })
}

/// `{_id}` of its document.
pub(super) fn id_document(user: &User) -> RawDocumentBuf {
    rawdoc! { "_id": user.name.id() }
}

/// As it is stored.
pub(super) fn stored(user: &User) -> Result<RawDocumentBuf, CommandError> {
    RawDocumentBuf::try_from(&user.to_document()).map_err(|error| CommandError::new(1, error.to_string()))
}
