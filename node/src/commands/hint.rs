//! Hints: the index that the client wants to be used.

use bson::{Bson, Document};

use super::access::{Hint, KEY_INDEX};
use super::error::CommandError;
use crate::storage::index::IndexSpec;
use crate::storage::store::{ReadAt, Store};

/// Which way the client wants. On a missing collection every hint is fine: there is nothing to find.
///
/// # Errors
/// 2 for an unknown index, 9 for what is no hint.
pub(super) fn read_hint(
    store: &Store,
    at: ReadAt,
    ns: &str,
    hint: Option<&Bson>,
) -> Result<Hint, CommandError> {
    let Some(hint) = hint else {
        return Ok(Hint::None);
    };
    let Some(collection) = store.collection(ns, at)? else {
        return Ok(Hint::None);
    };
    let mut specs = collection.indexes.iter().map(|index| &index.spec);
    let named = match hint {
        Bson::Document(pattern) => match pattern.keys().next().map(String::as_str) {
            None => return Ok(Hint::None),
            Some("$natural") => return Ok(Hint::Natural),
            Some("_id") if pattern.len() == 1 => Some(KEY_INDEX.to_owned()),
            Some(_) => specs
                .find(|spec| key_pattern(spec) == *pattern)
                .map(|spec| spec.name.clone()),
        },
        Bson::String(name) => {
            let is_known = name == KEY_INDEX || specs.any(|spec| spec.name == *name);
            is_known.then(|| name.clone())
        }
        _ => return Err(CommandError::new(9, "Hint must be a string or an object")),
    };
    let text = "error processing query: hint provided does not correspond to an existing index";
    named.map(Hint::Index).ok_or_else(|| CommandError::new(2, text))
}

/// The key pattern of an index.
pub(super) fn key_pattern(index: &IndexSpec) -> Document {
    let specification = Document::from_reader(index.document.as_slice()).unwrap_or_default();
    specification.get_document("key").cloned().unwrap_or_default()
}
