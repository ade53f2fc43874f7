//! `createUser`.

use bson::{Document, doc};

use super::arguments::{credentials_of, find, name_of, roles_of, stored};
use crate::auth::random;
use crate::auth::user::{USERS, User};
use crate::commands::arguments::{Arguments, missing};
use crate::commands::collections::creation;
use crate::commands::command::{Access, Command, Scope, WriteAccess, WriteOp};
use crate::commands::error::CommandError;
use crate::wire::Request;

pub(in crate::commands) const COMMAND: Command = Command {
    names: &["createUser"],
    access: Access::Write(run),
    scope: Scope::Any,
};

const FIELDS: &[&str] = &[
    "pwd",
    "roles",
    "customData",
    "mechanisms",
    "digestPassword",
    "passwordDigestor",
];

fn run(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, FIELDS)?;
    let name = name_of(&arguments, "createUser")?;
    if name.database == "local" {
        return Err(CommandError::new(2, "Cannot create users in the local database"));
    }
    let roles = roles_of(&arguments)?.ok_or_else(|| missing("createUser", "roles"))?;
    if find(access.store(), &name)?.is_some() {
        return Err(CommandError::new(
            51003,
            format!("User \"{name}\" already exists"),
        ));
    }
    let credentials = credentials_of(&arguments)?.ok_or_else(|| {
        CommandError::new(
            2,
            "Must provide a 'pwd' field for all user documents: there are no external users",
        )
    })?;
    let user = User {
        name,
        id: random::bytes::<16>().map_err(|error| CommandError::new(1, error))?,
        credentials,
        roles,
        custom: arguments
            .get("customData")
            .and_then(|custom| custom.as_document().cloned()),
    };
    let mut writes: Vec<WriteOp> = creation(access, USERS)?.into_iter().collect();
    writes.push(WriteOp::Insert {
        ns: USERS.to_owned(),
        document: stored(&user)?,
    });
    access.write(0, writes)?;
    tracing::info!(user = %user.name, "user created");
    Ok(doc! { "ok": 1.0 })
}
