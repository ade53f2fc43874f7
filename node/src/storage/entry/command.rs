//! Entries of kind `c`: the first field of `o` names the command.

use std::sync::Arc;

use bson::raw::CStr;
use bson::{RawBsonRef, RawDocument, RawDocumentBuf};

use super::error::EntryError;
use crate::storage::change::Change;
use crate::storage::index::IndexSpec;

/// What a command entry does to the data.
pub(super) fn command_changes(
    ns: &str,
    uuid: Option<[u8; 16]>,
    object: &RawDocument,
) -> Result<Vec<Change>, EntryError> {
    let db = ns.split_once('.').map_or(ns, |(db, _)| db);
    let (name, argument) = object.iter().next().ok_or(EntryError::Field("o"))??;
    let collection = || match argument {
        RawBsonRef::String(collection) => Ok(Arc::<str>::from(format!("{db}.{collection}"))),
        _ => Err(EntryError::Field("o.<command>")),
    };
    let change = match name.as_str() {
        "create" => Change::CreateCollection {
            ns: collection()?,
            uuid,
            options: without_first(object)?.into_bytes(),
        },
        "drop" => Change::DropCollection { ns: collection()? },
        "dropDatabase" => Change::DropDatabase { db: db.into() },
        "renameCollection" => match (argument, object.get("to")?) {
            (RawBsonRef::String(from), Some(RawBsonRef::String(to))) => Change::RenameCollection {
                from: from.into(),
                to: to.into(),
            },
            _ => return Err(EntryError::Field("o.to")),
        },
        "createIndexes" => Change::CreateIndex {
            ns: collection()?,
            index: IndexSpec::parse(without_first(object)?.as_bytes())?,
        },
        "dropIndexes" => match object.get("index")? {
            Some(RawBsonRef::String(index)) => Change::DropIndex {
                ns: collection()?,
                name: index.to_owned(),
            },
            _ => return Err(EntryError::Field("o.index")),
        },
        unknown => return Err(EntryError::UnknownOperation(format!("c: {unknown}"))),
    };
    Ok(vec![change])
}

/// The command's other fields.
fn without_first(object: &RawDocument) -> Result<RawDocumentBuf, EntryError> {
    let mut rest = RawDocumentBuf::new();
    for element in object.iter().skip(1) {
        let (name, value): (&CStr, _) = element?;
        rest.append(name, value);
    }
    Ok(rest)
}
