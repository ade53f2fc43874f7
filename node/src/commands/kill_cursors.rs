//! `killCursors`.

use bson::{Bson, Document, RawBsonRef, doc};

use super::arguments::{Arguments, missing};
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
    // Any text: cursors of a whole database have names like `$cmd.aggregate`.
    if !matches!(request.body.get("killCursors"), Ok(Some(RawBsonRef::String(_)))) {
        return Err(CommandError::new(73, "collection name has invalid type"));
    }
    let wrong = |field: &str, wanted: &str| {
        let text = format!("BSON field 'killCursors.{field}' is the wrong type, expected type '{wanted}'");
        CommandError::new(14, text)
    };
    let ids = match arguments.get("cursors") {
        Some(Bson::Array(ids)) => ids,
        Some(_) => return Err(wrong("cursors", "array")),
        None => return Err(missing("killCursors", "cursors")),
    };
    // As everywhere in a list of ids, null is nobody.
    let ids = ids.iter().filter(|id| !matches!(id, Bson::Null));
    let numbers: Option<Vec<i64>> = ids.map(Bson::as_i64).collect();
    let numbers = numbers.ok_or_else(|| wrong("cursors.0", "long"))?;
    let (mut killed, mut not_found) = (Vec::new(), Vec::new());
    for id in numbers {
        if access.cursors.close(id) {
            killed.push(Bson::Int64(id));
        } else {
            not_found.push(Bson::Int64(id));
        }
    }
    let none: Vec<Bson> = Vec::new();
    Ok(doc! {
        "cursorsKilled": killed, "cursorsNotFound": not_found, "cursorsAlive": none.clone(), "cursorsUnknown": none,
        "ok": 1.0,
    })
}
