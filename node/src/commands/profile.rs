//! `profile`: there is no profiler to turn on; asking for its level answers 0.

use bson::{Document, doc};

use super::arguments::{Arguments, number};
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["profile"],
    access: Access::Nothing(run),
    scope: Scope::Any,
};

fn run(_access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["slowms", "sampleRate", "filter"])?;
    match arguments.get("profile").and_then(number) {
        Some(-1 | 0) => Ok(doc! { "was": 0, "slowms": 100, "sampleRate": 1.0, "ok": 1.0 }),
        Some(1 | 2) => Err(CommandError::new(115, "the profiler is not supported")),
        _ => Err(CommandError::new(2, "profile takes a level from -1 to 2")),
    }
}
