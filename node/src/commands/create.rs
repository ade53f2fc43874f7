//! `create`.

use bson::{Document, RawDocumentBuf, doc};

use super::arguments::Arguments;
use super::collections::check_writable;
use super::command::{Access, Command, Scope, WriteAccess, WriteOp};
use super::error::CommandError;
use super::scan::raw;
use crate::storage::store::ReadAt;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["create"],
    access: Access::Write(run),
    scope: Scope::Any,
};

const FIELDS: &[&str] = &[
    "capped",
    "size",
    "max",
    "autoIndexId",
    "idIndex",
    "validator",
    "validationLevel",
    "validationAction",
    "viewOn",
    "pipeline",
    "timeseries",
    "expireAfterSeconds",
    "clusteredIndex",
    "encryptedFields",
    "changeStreamPreAndPostImages",
    "storageEngine",
    "indexOptionDefaults",
    "temp",
    "flags",
];

fn run(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, FIELDS)?;
    let ns = arguments.namespace()?;
    check_writable(&ns)?;
    for unsupported in [
        "capped",
        "validator",
        "viewOn",
        "pipeline",
        "timeseries",
        "expireAfterSeconds",
        "clusteredIndex",
        "encryptedFields",
    ] {
        if arguments.get(unsupported).is_some()
            && (unsupported != "capped" || arguments.flag("capped", false))
        {
            return Err(CommandError::new(
                115,
                format!("collections with the option '{unsupported}' are not supported"),
            ));
        }
    }
    if access.store().collection(&ns, ReadAt::Latest)?.is_some() {
        return Err(CommandError::new(48, format!("Collection {ns} already exists.")));
    }
    let (database, collection) = ns.split_once('.').unwrap_or((&ns, ""));
    let object: RawDocumentBuf = raw(&doc! { "create": collection })?;
    access.write(
        0,
        vec![WriteOp::Ddl {
            database: database.to_owned(),
            object,
        }],
    )?;
    Ok(doc! { "ok": 1.0 })
}
