//! `collMod`: the options that it changes in MongoDB are not there, so that it changes nothing, and says so.

use bson::{Bson, Document, doc};

use super::arguments::Arguments;
use super::collections::check_writable;
use super::command::{Access, Command, Scope, WriteAccess};
use super::error::CommandError;
use crate::query::number::Number;
use crate::storage::store::ReadAt;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["collMod"],
    access: Access::Write(run),
    scope: Scope::Any,
};

/// Fields that mean a change.
const CHANGES: &[&str] = &[
    "index",
    "validator",
    "validationLevel",
    "validationAction",
    "viewOn",
    "pipeline",
    "expireAfterSeconds",
    "timeseries",
    "changeStreamPreAndPostImages",
    "cappedSize",
    "cappedMax",
    "dryRun",
];

fn run(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, CHANGES)?;
    let ns = arguments.namespace()?;
    check_writable(&ns)?;
    if access.store().collection(&ns, ReadAt::Latest)?.is_none() {
        return Err(CommandError::new(26, format!("ns does not exist: {ns}")));
    }
    if let Some(hidden) = arguments.document("index")?.get("hidden")
        && !matches!(hidden, Bson::Boolean(_))
        && Number::from_bson(hidden).is_none()
    {
        let text = format!("BSON field 'collMod.index.hidden' is the wrong type: {hidden}");
        return Err(CommandError::new(14, text));
    }
    match CHANGES.iter().find(|change| arguments.get(change).is_some()) {
        Some(change) => {
            let text = format!("collMod can't change '{change}': collections with it are not supported");
            Err(CommandError::new(115, text))
        }
        None => Ok(doc! { "ok": 1.0 }),
    }
}
