//! Atlas Search's commands: there is no such service, and drivers know the error.

use bson::Document;

use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &[
        "createSearchIndexes",
        "dropSearchIndex",
        "updateSearchIndex",
        "listSearchIndexes",
    ],
    access: Access::Read(run),
    scope: Scope::Any,
};

fn run(_access: &mut ReadAccess<'_>, _request: &Request) -> Result<Document, CommandError> {
    Err(unavailable())
}

/// The error of all that needs the service.
pub(super) fn unavailable() -> CommandError {
    let text = "Using Atlas Search Database Commands and the $listSearchIndexes aggregation stage requires additional \
                configuration. Please connect to Atlas or an AtlasCLI local deployment to enable.";
    CommandError::new(31082, text)
}
