//! `drop` and `dropDatabase`.

use bson::{Document, doc, rawdoc};

use super::arguments::Arguments;
use super::collections::check_writable;
use super::command::{Access, Command, Scope, WriteAccess, WriteOp};
use super::error::CommandError;
use crate::storage::store::ReadAt;
use crate::wire::Request;

pub(super) const COMMAND: Command = Command {
    names: &["drop"],
    access: Access::Write(run),
    scope: Scope::Any,
};

pub(super) const DATABASE: Command = Command {
    names: &["dropDatabase"],
    access: Access::Write(run_database),
    scope: Scope::Any,
};

fn run(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &[])?;
    let ns = arguments.namespace()?;
    check_writable(&ns)?;
    let Some(found) = access.store().collection(&ns, ReadAt::Latest)? else {
        return Ok(doc! { "ok": 1.0 });
    };
    let indexes = i32::try_from(found.indexes.len() + 1).unwrap_or(i32::MAX);
    let (database, collection) = ns.split_once('.').unwrap_or((&ns, ""));
    let object = rawdoc! { "drop": collection };
    access.write(
        0,
        vec![WriteOp::Ddl {
            database: database.to_owned(),
            object,
        }],
    )?;
    Ok(doc! { "nIndexesWas": indexes, "ns": &ns, "ok": 1.0 })
}

fn run_database(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    let arguments = Arguments::of(request, &[])?;
    let database = arguments.database().to_owned();
    check_writable(&format!("{database}.x"))?;
    let prefix = format!("{database}.");
    let exists = access
        .store()
        .collections(ReadAt::Latest)?
        .iter()
        .any(|(ns, _)| ns.starts_with(&prefix));
    if exists {
        access.write(
            0,
            vec![WriteOp::Ddl {
                database: database.clone(),
                object: rawdoc! { "dropDatabase": 1 },
            }],
        )?;
        return Ok(doc! { "dropped": database, "ok": 1.0 });
    }
    Ok(doc! { "ok": 1.0 })
}
