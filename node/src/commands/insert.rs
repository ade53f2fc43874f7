//! `insert`.

use bson::oid::ObjectId;
use bson::raw::CStr;
use bson::{Document, RawBsonRef, RawDocument, RawDocumentBuf};

use super::arguments::{Arguments, missing, wrong_type};
use super::collections::{check_writable, creation};
use super::command::{Access, Command, Scope, WriteAccess, WriteOp};
use super::error::CommandError;
use super::write_batch::{self, Done, check_unique};
use crate::wire::{DOCUMENT_BYTES_MAX, Request};

pub(super) const COMMAND: Command = Command {
    names: &["insert"],
    access: Access::Write(run),
    scope: Scope::Any,
};

fn run(access: &mut dyn WriteAccess, request: &Request) -> Result<Document, CommandError> {
    // The documents stay raw: on this path no tree of values is built of them. They may be many, and a batch that pauses
    // comes here again.
    let arguments = Arguments::without(request, &["documents", "ordered"], &["documents"])?;
    let documents = documents(request)?;
    let ns = arguments.namespace()?;
    check_writable(&ns)?;
    write_batch::run(
        access,
        &arguments,
        documents.len(),
        false,
        |access, index, number| {
            let document = with_id(documents[index])?;
            let mut writes: Vec<WriteOp> = creation(access, &ns)?.into_iter().collect();
            check_unique(access, &ns, &document, true)?;
            writes.push(WriteOp::Insert {
                ns: ns.clone(),
                document,
            });
            write_batch::write(
                access,
                number,
                writes,
                Done {
                    n: 1,
                    ..Done::default()
                },
            )
        },
    )
}

/// The documents, out of a document sequence, where drivers put them, or out of the command itself.
fn documents(request: &Request) -> Result<Vec<&RawDocument>, CommandError> {
    if let Some((_, documents)) = request.sequences.iter().find(|(name, _)| name == "documents") {
        return Ok(documents.iter().map(|document| &**document).collect());
    }
    let wrong =
        |found: RawBsonRef<'_>, wanted: &str| wrong_type("insert", "documents", found.element_type(), wanted);
    match request.body.get("documents") {
        Ok(Some(RawBsonRef::Array(values))) => values
            .into_iter()
            .map(|value| match value {
                Ok(RawBsonRef::Document(document)) => Ok(document),
                Ok(other) => Err(wrong(other, "object")),
                Err(error) => Err(CommandError::new(9, error.to_string())),
            })
            .collect(),
        Ok(None | Some(RawBsonRef::Null)) => Err(missing("insert", "documents")),
        Ok(Some(other)) => Err(wrong(other, "array")),
        Err(error) => Err(CommandError::new(9, error.to_string())),
    }
}

/// The document with its `_id` first; makes one when it has none.
pub(super) fn with_id(document: &RawDocument) -> Result<RawDocumentBuf, CommandError> {
    let malformed = |error: bson::error::Error| CommandError::new(22, error.to_string());
    if document.as_bytes().len() > DOCUMENT_BYTES_MAX {
        let text = format!(
            "object to insert too large. size in bytes: {}, max size: {DOCUMENT_BYTES_MAX}",
            document.as_bytes().len()
        );
        return Err(CommandError::new(10334, text));
    }
    let first = document.iter().next().transpose().map_err(malformed)?;
    if let Some((name, id)) = first
        && name == "_id"
    {
        check_id(id)?;
        return Ok(document.to_owned());
    }
    let mut whole = RawDocumentBuf::new();
    match document.get("_id").map_err(malformed)? {
        Some(id) => {
            check_id(id)?;
            whole.append(bson::cstr!("_id"), id);
        }
        None => whole.append(bson::cstr!("_id"), ObjectId::new()),
    }
    for element in document {
        let (name, value): (&CStr, RawBsonRef<'_>) = element.map_err(malformed)?;
        if name.as_str() != "_id" {
            whole.append(name, value);
        }
    }
    Ok(whole)
}

fn check_id(id: RawBsonRef<'_>) -> Result<(), CommandError> {
    let kind = match id {
        RawBsonRef::Array(_) => "array",
        RawBsonRef::RegularExpression(_) => "regex",
        RawBsonRef::Undefined => "undefined",
        RawBsonRef::Document(fields) => return check_id_fields(fields),
        _ => return Ok(()),
    };
    Err(CommandError::new(
        53,
        format!("The '_id' value cannot be of type {kind}"),
    ))
}

fn check_id_fields(id: &RawDocument) -> Result<(), CommandError> {
    for field in id {
        let (name, _) = field.map_err(|error| CommandError::new(22, error.to_string()))?;
        if name.as_str().starts_with('$') {
            let text = format!(
                "_id fields may not contain '$'-prefixed fields: {} is not valid for storage.",
                name.as_str()
            );
            return Err(CommandError::new(52, text));
        }
    }
    Ok(())
}
