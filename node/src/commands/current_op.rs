//! `currentOp` and `killOp`: commands run one after the other, so that the only one at work is the one that asks.

use bson::{Document, doc};

use super::arguments::Arguments;
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["currentOp"],
    access: Access::Nothing(run),
    scope: Scope::Admin,
};

pub(super) const KILL: Command = Command {
    names: &["killOp"],
    access: Access::Nothing(kill),
    scope: Scope::Admin,
};

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    // Any further field is a filter on the operations.
    let operation = doc! {
        "type": "op",
        "host": &access.facts.host,
        "connectionId": access.facts.connection,
        "active": true,
        "op": "command",
        "ns": format!("{}.$cmd.aggregate", request.database),
        "command": { "currentOp": 1 },
        "secs_running": 0_i64,
    };
    Ok(doc! { "inprog": [operation], "ok": 1.0 })
}

fn kill(_access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["op"])?;
    if arguments.get("op").is_none() {
        return Err(CommandError::new(4, "Did not provide \"op\" field"));
    }
    Ok(doc! { "info": "attempting to kill op", "ok": 1.0 })
}
