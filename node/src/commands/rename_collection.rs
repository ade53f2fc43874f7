//! `renameCollection`.

use bson::{Bson, Document, doc};

use super::arguments::{Arguments, namespace};
use super::collections::check_writable;
use super::command::{Access, Command, Scope, WriteAccess, WriteOp};
use super::error::CommandError;
use super::scan::raw;
use crate::storage::store::ReadAt;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["renameCollection"],
    access: Access::Write(run),
    scope: Scope::Admin,
};

fn run(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &["to", "dropTarget", "stayTemp"])?;
    let from = name(arguments.get("renameCollection"))?;
    let to = name(arguments.get("to"))?;
    check_writable(&from)?;
    check_writable(&to)?;
    if from == to {
        return Err(CommandError::new(20, "Can't rename a collection to itself"));
    }
    if access.store().collection(&from, ReadAt::Latest)?.is_none() {
        return Err(CommandError::new(
            26,
            format!("Source collection {from} does not exist"),
        ));
    }
    if access.store().collection(&to, ReadAt::Latest)?.is_some() && !arguments.flag("dropTarget", false) {
        return Err(CommandError::new(48, "target namespace exists"));
    }
    let database = from.split('.').next().unwrap_or(&from).to_owned();
    let object = raw(&doc! { "renameCollection": &from, "to": &to })?;
    access.write(0, vec![WriteOp::Ddl { database, object }])?;
    Ok(doc! { "ok": 1.0 })
}

fn name(value: Option<&Bson>) -> Result<String, CommandError> {
    match value.and_then(Bson::as_str).and_then(|name| name.split_once('.')) {
        Some((database, collection)) => namespace(database, collection),
        None => Err(CommandError::new(73, "renameCollection needs two namespaces")),
    }
}
