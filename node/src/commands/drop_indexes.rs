//! `dropIndexes`.

use bson::{Bson, Document, doc, rawdoc};

use super::arguments::{Arguments, missing};
use super::collections::check_writable;
use super::command::{Access, Command, Scope, WriteAccess, WriteOp};
use super::error::CommandError;
use crate::storage::store::ReadAt;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["dropIndexes", "deleteIndexes"],
    access: Access::Write(run),
    scope: Scope::Any,
};

fn run(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["index"])?;
    let ns = arguments.namespace()?;
    check_writable(&ns)?;
    let Some(found) = access.store().collection(&ns, ReadAt::Latest)? else {
        return Err(CommandError::new(26, format!("ns not found {ns}")));
    };
    let pattern = |document: &[u8]| {
        Document::from_reader(document)
            .ok()
            .and_then(|spec| spec.get_document("key").ok().cloned())
    };
    let names: Vec<String> = match arguments.get("index") {
        Some(Bson::String(all)) if all == "*" => found
            .indexes
            .iter()
            .map(|index| index.spec.name.clone())
            .collect(),
        Some(Bson::String(name)) if name == "_id_" => {
            return Err(CommandError::new(72, "cannot drop _id index"));
        }
        Some(Bson::String(name)) => vec![name.clone()],
        Some(Bson::Array(names)) => names.iter().filter_map(Bson::as_str).map(str::to_owned).collect(),
        Some(Bson::Document(key)) => found
            .indexes
            .iter()
            .filter(|index| pattern(&index.spec.document).as_ref() == Some(key))
            .map(|index| index.spec.name.clone())
            .collect(),
        Some(other) => {
            let text =
                "BSON field 'dropIndexes.index' is the wrong type, expected types '[string, object, array]'";
            return Err(CommandError::new(14, format!("{text}: {other}")));
        }
        None => return Err(missing("dropIndexes", "index")),
    };
    if let Some(unknown) = names.iter().find(|name| found.index(name).is_none()) {
        return Err(CommandError::new(
            27,
            format!("index not found with name [{unknown}]"),
        ));
    }
    let (database, collection) = ns.split_once('.').unwrap_or((&ns, ""));
    let writes: Vec<WriteOp> = names
        .iter()
        .map(|name| WriteOp::Ddl {
            database: database.to_owned(),
            object: rawdoc! { "dropIndexes": collection, "index": name.as_str() },
        })
        .collect();
    if writes.is_empty() && !matches!(arguments.get("index"), Some(Bson::String(all)) if all == "*") {
        return Err(CommandError::new(27, "can't find index with the given key"));
    }
    if !writes.is_empty() {
        access.write(0, writes)?;
    }
    Ok(doc! { "nIndexesWas": i32::try_from(found.indexes.len() + 1).unwrap_or(i32::MAX), "ok": 1.0 })
}
