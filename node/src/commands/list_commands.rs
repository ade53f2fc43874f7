//! `listCommands`.

use bson::{Document, doc};

use super::COMMANDS;
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["listCommands"],
    access: Access::Nothing(run),
    scope: Scope::Any,
};

fn run(_: &mut ReadAccess<'_>, _: &Request) -> Result<Document, CommandError> {
    let mut commands = Document::new();
    for command in COMMANDS {
        let description = doc! {
            "help": command.names[0],
            "requiresAuth": false,
            "secondaryOk": !matches!(command.access, Access::Write(_)),
            "adminOnly": command.scope == Scope::Admin,
        };
        commands.extend(
            command
                .names
                .iter()
                .map(|name| ((*name).to_owned(), description.clone().into())),
        );
    }
    Ok(doc! { "commands": commands, "ok": 1.0 })
}
