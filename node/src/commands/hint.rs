//! Hints: how to find documents is chosen here, but a hint that names no index is the client's error.

use bson::{Bson, Document};

use super::error::CommandError;
use crate::storage::index::IndexSpec;
use crate::storage::store::{ReadAt, Store};

/// Refuses a hint that names no index. On a missing collection every hint is fine: there is nothing to find.
///
/// # Errors
/// 2 for an unknown index, 9 for what is no hint.
pub(super) fn check_hint(
    store: &Store,
    at: ReadAt,
    ns: &str,
    hint: Option<&Bson>,
) -> Result<(), CommandError> {
    let Some(hint) = hint else { return Ok(()) };
    let Some(collection) = store.collection(ns, at)? else {
        return Ok(());
    };
    let mut specs = collection.indexes.iter().map(|index| &index.spec);
    let known = match hint {
        Bson::Document(pattern) => {
            let first = pattern.keys().next().map(String::as_str);
            matches!(first, None | Some("$natural"))
                || (first == Some("_id") && pattern.len() == 1)
                || specs.any(|spec| key_pattern(spec) == *pattern)
        }
        Bson::String(name) => name == "_id_" || specs.any(|spec| spec.name == *name),
        _ => return Err(CommandError::new(9, "Hint must be a string or an object")),
    };
    if known {
        return Ok(());
    }
    let text = "error processing query: hint provided does not correspond to an existing index";
    Err(CommandError::new(2, text))
}

/// The key pattern of an index.
pub(super) fn key_pattern(index: &IndexSpec) -> Document {
    let specification = Document::from_reader(index.document.as_slice()).unwrap_or_default();
    specification.get_document("key").cloned().unwrap_or_default()
}
