//! `listIndexes`.

use bson::{Document, doc};

use super::arguments::Arguments;
use super::command::{Access, Command, ReadAccess, Scope};
use super::cursors::first_batch;
use super::error::CommandError;
use super::scan::tree;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["listIndexes"],
    access: Access::Read(run),
    scope: Scope::Any,
};

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["cursor"])?;
    let ns = arguments.namespace()?;
    let Some(found) = access.store.collection(&ns, access.at)? else {
        return Err(CommandError::new(26, format!("ns does not exist: {ns}")));
    };
    let mut rows = vec![doc! { "v": 2, "key": { "_id": 1 }, "name": "_id_" }];
    for index in &found.indexes {
        rows.push(tree(&index.spec.document)?);
    }
    Ok(first_batch(0, &ns, rows))
}
