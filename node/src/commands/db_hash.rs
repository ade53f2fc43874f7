//! `dbHash`: one number a collection, equal on members whose data is equal (I-22).

use bson::{Document, doc};

use super::arguments::Arguments;
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["dbHash", "dbhash"],
    access: Access::Read(run),
    scope: Scope::Any,
};

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["collections"])?;
    let prefix = format!("{}.", arguments.database());
    let mut collections = Document::new();
    for hash in access.store.hash(access.at)? {
        if let Some(name) = hash.ns.strip_prefix(&prefix) {
            collections.insert(name, hash.hash);
        }
    }
    Ok(doc! { "host": &access.facts.host, "collections": collections, "ok": 1.0 })
}
