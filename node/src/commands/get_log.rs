//! `getLog`: the log goes to standard output or to a file; none of it is kept in memory.

use bson::{Document, doc};

use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["getLog"],
    access: Access::Nothing(run),
    scope: Scope::Any,
};

fn run(_access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let name = request.body.get_str("getLog").unwrap_or_default();
    match name {
        "*" => Ok(doc! { "names": ["global", "startupWarnings"], "ok": 1.0 }),
        "global" | "startupWarnings" => Ok(doc! { "totalLinesWritten": 0, "log": [], "ok": 1.0 }),
        other => Err(CommandError::new(96, format!("No log named '{other}'"))),
    }
}
