//! The key of a document within its collection.

use bson::{RawBsonRef, RawDocument};

use super::encode::{Direction, encode};
use super::error::KeyError;

/// Longest key of a document or an index entry. The engine takes keys below 64 KiB, and an index entry holds the
/// indexed values and the document's key.
pub const KEY_BYTES_MAX: usize = 60_000;

/// The key of a document by its `_id`.
///
/// # Errors
/// If `document` is no BSON, has no `_id`, or its `_id` can't be a key.
pub fn id_key(document: &[u8]) -> Result<Vec<u8>, KeyError> {
    let id = RawDocument::from_bytes(document)?
        .get("_id")
        .map_err(KeyError::from)?;
    value_key(id.ok_or(KeyError::MissingId)?)
}

/// The ascending key of one value; of an `_id`, the key of its document. Values that MongoDB holds equal (`1`,
/// `1.0`, `NumberDecimal("1")`) have the same key.
///
/// # Errors
/// If the value is malformed, too long or too deep.
pub fn value_key(value: RawBsonRef<'_>) -> Result<Vec<u8>, KeyError> {
    let mut key = Vec::with_capacity(16);
    encode(value, Direction::Ascending, &mut key)?;
    if key.len() > KEY_BYTES_MAX {
        return Err(KeyError::TooLong(key.len()));
    }
    Ok(key)
}
