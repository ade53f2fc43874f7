//! Making a collection by using it, and refusing those that are not the client's.

use bson::rawdoc;

use super::command::{WriteAccess, WriteOp};
use super::error::CommandError;
use crate::storage::store::ReadAt;

/// May clients write to this namespace?
///
/// # Errors
/// 13 for the member's own databases.
pub(super) fn check_writable(ns: &str) -> Result<(), CommandError> {
    let database = ns.split('.').next().unwrap_or(ns);
    if database == "local" || database == "config" || ns.ends_with(".system.replset") {
        return Err(CommandError::new(
            13,
            format!("not authorized to write to {ns}: it belongs to the server"),
        ));
    }
    Ok(())
}

/// What must be written before the first document of `ns`.
///
/// # Errors
/// The store's.
pub(super) fn creation(access: &dyn WriteAccess, ns: &str) -> Result<Option<WriteOp>, CommandError> {
    if access.store().collection(ns, ReadAt::Latest)?.is_some() {
        return Ok(None);
    }
    let (database, collection) = ns.split_once('.').unwrap_or((ns, ""));
    Ok(Some(WriteOp::Ddl {
        database: database.to_owned(),
        object: rawdoc! { "create": collection },
    }))
}
