//! What an index is.

use std::collections::BTreeSet;

use bson::{RawBsonRef, RawDocument};
use serde::{Deserialize, Serialize};

use super::paths::{Found, values_at};
use crate::storage::key::{Direction, KEY_BYTES_MAX, KeyError, encode, encode_missing, encode_undefined};

/// Most keys that one document may have in one index (arrays make several, and multiply in compound indexes).
pub const INDEX_KEYS_MAX: usize = 100_000;

/// A secondary index as its creator described it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexSpec {
    /// Unique within the collection.
    pub name: String,
    /// Dotted paths with their order.
    pub fields: Vec<(String, Direction)>,
    /// No two documents have a key in common. The store keeps the index but leaves the refusal to the caller
    /// ([`crate::storage::store::Store::find_duplicate`]).
    pub is_unique: bool,
    /// Documents without any of the fields have no key.
    pub is_sparse: bool,
    /// The whole specification as it was given, BSON bytes.
    pub document: Vec<u8>,
}

impl IndexSpec {
    /// Reads a specification document: `{name, key: {path: 1 | -1, …}, unique?, sparse?, …}`.
    ///
    /// # Errors
    /// [`KeyError::BadSpecification`] if name or key are missing or a direction is no number.
    pub fn parse(document: &[u8]) -> Result<Self, KeyError> {
        let raw = RawDocument::from_bytes(document)?;
        let mut spec = Self {
            name: String::new(),
            fields: Vec::new(),
            is_unique: false,
            is_sparse: false,
            document: document.to_vec(),
        };
        for element in raw {
            let (name, value) = element?;
            match (name.as_str(), value) {
                ("name", RawBsonRef::String(text)) => spec.name = text.to_owned(),
                ("key", RawBsonRef::Document(fields)) => spec.fields = directions(fields)?,
                ("unique", value) => spec.is_unique = is_true(value),
                ("sparse", value) => spec.is_sparse = is_true(value),
                _ => {}
            }
        }
        if spec.name.is_empty() {
            return Err(KeyError::BadSpecification("no name"));
        }
        if spec.fields.is_empty() {
            return Err(KeyError::BadSpecification("no key"));
        }
        Ok(spec)
    }

    /// The keys of a document in this index, without the document's own key.
    ///
    /// Arrays give one key per element. In a compound index over several arrays the keys multiply; they are a
    /// superset of MongoDB's where two paths share an array, so a reader checks the document itself.
    ///
    /// # Errors
    /// If the document is malformed, or a key is too long, or there are too many.
    pub fn keys_of(&self, document: &[u8]) -> Result<BTreeSet<Vec<u8>>, KeyError> {
        let raw = RawDocument::from_bytes(document)?;
        let mut keys = vec![Vec::new()];
        let mut has_a_field = false;
        for (path, direction) in &self.fields {
            let found = values_at(raw, path)?;
            has_a_field |= found.iter().any(|value| !matches!(value, Found::Missing));
            let parts = found
                .iter()
                .map(|value| part(*value, *direction))
                .collect::<Result<BTreeSet<_>, _>>()?;
            if keys.len().saturating_mul(parts.len()) > INDEX_KEYS_MAX {
                return Err(KeyError::TooMany(INDEX_KEYS_MAX));
            }
            keys = join(&keys, &parts);
        }
        if self.is_sparse && !has_a_field {
            return Ok(BTreeSet::new());
        }
        match keys.iter().map(Vec::len).max() {
            Some(longest) if longest > KEY_BYTES_MAX => Err(KeyError::TooLong(longest)),
            _ => Ok(keys.into_iter().collect()),
        }
    }
}

fn part(value: Found<'_>, direction: Direction) -> Result<Vec<u8>, KeyError> {
    let mut key = Vec::new();
    match value {
        Found::Value(value) => encode(value, direction, &mut key)?,
        Found::Missing => encode_missing(direction, &mut key),
        Found::EmptyArray => encode_undefined(direction, &mut key),
    }
    Ok(key)
}

fn join(heads: &[Vec<u8>], tails: &BTreeSet<Vec<u8>>) -> Vec<Vec<u8>> {
    heads
        .iter()
        .flat_map(|head| tails.iter().map(|tail| [head.as_slice(), tail].concat()))
        .collect()
}

fn directions(fields: &RawDocument) -> Result<Vec<(String, Direction)>, KeyError> {
    let mut directions = Vec::new();
    for element in fields {
        let (path, value) = element?;
        let sign = match value {
            RawBsonRef::Int32(number) => f64::from(number),
            RawBsonRef::Int64(number) => number as f64,
            RawBsonRef::Double(number) => number,
            _ => return Err(KeyError::BadSpecification("a direction is no number")),
        };
        let direction = if sign < 0.0 {
            Direction::Descending
        } else {
            Direction::Ascending
        };
        directions.push((path.as_str().to_owned(), direction));
    }
    Ok(directions)
}

fn is_true(value: RawBsonRef<'_>) -> bool {
    match value {
        RawBsonRef::Boolean(flag) => flag,
        RawBsonRef::Int32(number) => number != 0,
        RawBsonRef::Int64(number) => number != 0,
        RawBsonRef::Double(number) => number != 0.0,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use bson::{Document, RawDocumentBuf, doc};

    use super::*;

    #[test]
    fn each_element_of_an_array_has_a_key() {
        let index = spec(doc! { "a": 1 });
        assert_eq!(count(&index, doc! { "a": [1, 2, 2.0] }), 2);
        assert_eq!(count(&index, doc! { "a": [] }), 1);
        assert_eq!(count(&index, doc! { "b": 1 }), 1);
        assert_eq!(keys(&index, doc! {}), keys(&index, doc! { "a": null }));
        assert_ne!(keys(&index, doc! {}), keys(&index, doc! { "a": [] }));
        assert_eq!(
            count(&spec(doc! { "a": 1, "b": -1 }), doc! { "a": [1, 2], "b": 3 }),
            2
        );
    }

    #[test]
    fn dotted_paths_go_through_objects_arrays_and_positions() {
        let index = spec(doc! { "a.b": 1 });
        assert_eq!(
            keys(&index, doc! { "a": { "b": 7 } }),
            keys(&spec(doc! { "x": 1 }), doc! { "x": 7 })
        );
        assert_eq!(
            keys(&index, doc! { "a": [{ "b": 1 }, { "b": [2, 3] }] }),
            keys(&spec(doc! { "x": 1 }), doc! { "x": [1, 2, 3] })
        );
        assert_eq!(
            keys(&spec(doc! { "a.1": 1 }), doc! { "a": [5, 6] }),
            keys(&spec(doc! { "x": 1 }), doc! { "x": 6 })
        );
    }

    #[test]
    fn a_sparse_index_skips_documents_without_its_fields() {
        let mut index = spec(doc! { "a": 1, "b": 1 });
        index.is_sparse = true;
        assert_eq!(count(&index, doc! { "c": 1 }), 0);
        assert_eq!(count(&index, doc! { "b": 1 }), 1);
    }

    #[test]
    fn a_descending_field_turns_the_order() {
        let index = spec(doc! { "a": -1 });
        assert!(keys(&index, doc! { "a": 2 }) < keys(&index, doc! { "a": 1 }));
        assert!(index.fields[0].1 == Direction::Descending);
    }

    fn spec(key: Document) -> IndexSpec {
        IndexSpec::parse(&bytes(doc! { "v": 2, "key": key, "name": "index" })).unwrap()
    }

    fn keys(index: &IndexSpec, document: Document) -> BTreeSet<Vec<u8>> {
        index.keys_of(&bytes(document)).unwrap()
    }

    fn count(index: &IndexSpec, document: Document) -> usize {
        keys(index, document).len()
    }

    fn bytes(document: Document) -> Vec<u8> {
        RawDocumentBuf::try_from(&document).unwrap().into_bytes()
    }
}
