//! `whatsmyuri`.

use bson::{Document, doc};

use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["whatsmyuri"],
    access: Access::Nothing(run),
    scope: Scope::Any,
};

fn run(access: &mut ReadAccess<'_>, _request: &Request) -> Result<Document, CommandError> {
    Ok(doc! { "you": format!("127.0.0.1:{}", access.facts.connection), "ok": 1.0 })
}
