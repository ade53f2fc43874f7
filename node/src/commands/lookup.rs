//! Which command a request means.

use bson::{Bson, Document, RawBsonRef};

use super::COMMANDS;
use super::aggregate_out;
use super::command::Command;
use crate::wire::Request;

/// The command by its name; an `aggregate` that ends with `$out` or `$merge` is a write.
#[must_use]
pub fn command_for(request: &Request) -> Option<&'static Command> {
    if request.name == "aggregate" && writes(request) {
        return Some(&aggregate_out::COMMAND);
    }
    COMMANDS
        .iter()
        .find(|command| command.names.contains(&request.name.as_str()))
}

fn writes(request: &Request) -> bool {
    let Ok(Some(RawBsonRef::Array(pipeline))) = request.body.get("pipeline") else {
        return false;
    };
    let last = pipeline.into_iter().last();
    let stage = match last {
        Some(Ok(RawBsonRef::Document(stage))) => Document::try_from(stage).unwrap_or_default(),
        _ => return false,
    };
    is_output(&Bson::Document(stage))
}

/// Does this stage write?
pub(super) fn is_output(stage: &Bson) -> bool {
    let first = stage.as_document().and_then(|stage| stage.keys().next());
    first.is_some_and(|name| name == "$out" || name == "$merge")
}
