//! `killCursors`.

use bson::{Bson, Document, doc};

use super::arguments::{Arguments, number};
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["killCursors"],
    access: Access::Nothing(run),
    scope: Scope::Any,
};

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["cursors"])?;
    let Some(Bson::Array(ids)) = arguments.get("cursors") else {
        return Err(CommandError::new(
            40414,
            "BSON field 'killCursors.cursors' is missing but a required field",
        ));
    };
    let (mut killed, mut not_found) = (Vec::new(), Vec::new());
    for id in ids.iter().filter_map(number) {
        if access.cursors.close(id) {
            killed.push(Bson::Int64(id))
        } else {
            not_found.push(Bson::Int64(id))
        }
    }
    let none: Vec<Bson> = Vec::new();
    Ok(doc! {
        "cursorsKilled": killed, "cursorsNotFound": not_found, "cursorsAlive": none.clone(), "cursorsUnknown": none,
        "ok": 1.0,
    })
}
