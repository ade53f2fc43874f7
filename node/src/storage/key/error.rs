//! Why a value has no key.

use super::id::KEY_BYTES_MAX;

/// A value that can't be made a key. Always the fault of the document at hand.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The bytes are no BSON.
    #[error("malformed BSON: {0}")]
    Malformed(#[from] bson::error::Error),
    /// A document without `_id`.
    #[error("the document has no _id")]
    MissingId,
    /// The deprecated DBPointer, which no driver writes any more.
    #[error("a value of type dbPointer can't be a key")]
    DbPointer,
    /// Documents nested too deeply.
    #[error("a key may not nest deeper than {0} levels")]
    TooDeep(usize),
    /// The engine's limit.
    #[error("a key of {0} bytes exceeds the limit of {KEY_BYTES_MAX}")]
    TooLong(usize),
    /// Arrays in several fields of a compound index multiply.
    #[error("a document may not have more than {0} keys in one index")]
    TooMany(usize),
    /// An index specification without the needed fields.
    #[error("bad index specification: {0}")]
    BadSpecification(&'static str),
}
