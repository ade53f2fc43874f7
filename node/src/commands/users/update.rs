//! `updateUser`: another password, other roles, other notes.

use bson::{Document, doc};

use super::arguments::{credentials_of, find_known, name_of, roles_of, update};
use crate::commands::arguments::Arguments;
use crate::commands::command::{Access, Command, Scope, WriteAccess};
use crate::commands::error::CommandError;
use crate::wire::Request;

pub(in crate::commands) const COMMAND: Command = Command {
    names: &["updateUser"],
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
    let name = name_of(&arguments, "updateUser")?;
    let mut user = find_known(access.store(), &name)?;
    let (roles, credentials) = (roles_of(&arguments)?, credentials_of(&arguments)?);
    let custom = arguments
        .get("customData")
        .and_then(|custom| custom.as_document());
    if roles.is_none() && credentials.is_none() && custom.is_none() {
        let text = "Must specify at least one field to update in updateUser";
        return Err(CommandError::new(2, text));
    }
    user.roles = roles.unwrap_or(user.roles);
    user.credentials = credentials.unwrap_or(user.credentials);
    user.custom = custom.cloned().or(user.custom);
    access.write(0, vec![update(&user)?])?;
    tracing::info!(user = %user.name, "user updated");
    Ok(doc! { "ok": 1.0 })
}
