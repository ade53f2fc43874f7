//! `distinct`.

use std::ops::ControlFlow;

use bson::{Bson, Document, doc};

use super::arguments::{Arguments, missing};
use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use super::scan::Scan;
use crate::query::compare::compare;
use crate::query::path::{FieldPath, LeafArray, visit};
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["distinct"],
    access: Access::Read(run),
    scope: Scope::Any,
};

fn run(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["key", "query"])?;
    let ns = arguments.namespace()?;
    let Some(Bson::String(key)) = arguments.get("key") else {
        return Err(missing("distinct", "key"));
    };
    let path = FieldPath::new(key)?;
    let mut scan = Scan::on(
        access,
        &ns,
        &arguments.document("query")?,
        &arguments.variables()?,
    )?;
    let mut values: Vec<Bson> = Vec::new();
    while let Some((_, document)) = scan.next(access.store, access.at)? {
        visit(&document, &path, LeafArray::Whole, &mut |place| {
            match place.value {
                Some(Bson::Array(elements)) => values.extend(elements.iter().cloned()),
                Some(value) => values.push(value.clone()),
                None => {}
            }
            ControlFlow::Continue(())
        });
    }
    values.sort_by(compare);
    values.dedup_by(|left, right| compare(left, right).is_eq());
    Ok(doc! { "values": values, "ok": 1.0 })
}
