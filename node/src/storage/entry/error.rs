//! Why an entry can't be understood.

use crate::storage::key::KeyError;

/// An oplog entry that isn't one. From a sync source: stop replicating from it.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// The bytes are no BSON.
    #[error("malformed oplog entry: {0}")]
    Malformed(#[from] bson::error::Error),
    /// A field is missing or has a wrong type.
    #[error("oplog entry without a usable field {0}")]
    Field(&'static str),
    /// An operation that this server doesn't know.
    #[error("oplog entry with an unknown operation {0}")]
    UnknownOperation(String),
    /// A document without a usable key, or a bad index specification.
    #[error(transparent)]
    Key(#[from] KeyError),
}
