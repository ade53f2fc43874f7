//! `connectionStatus`: nobody is authenticated, everybody may do everything.

use bson::{Document, doc};

use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["connectionStatus"],
    access: Access::Nothing(run),
    scope: Scope::Any,
};

fn run(_access: &mut ReadAccess<'_>, _request: &Request) -> Result<Document, CommandError> {
    Ok(doc! { "authInfo": { "authenticatedUsers": [], "authenticatedUserRoles": [] }, "ok": 1.0 })
}
