//! `ping`.

use bson::{Document, doc};

use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["ping"],
    access: Access::Nothing(run),
    scope: Scope::Any,
};

fn run(_access: &mut ReadAccess<'_>, _request: &Request) -> Result<Document, CommandError> {
    Ok(doc! { "ok": 1.0 })
}
