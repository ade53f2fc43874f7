//! Finding the documents that match a filter: by `_id` where the filter names it, else page by page.

use std::collections::VecDeque;

use bson::{Bson, Document, RawDocumentBuf};

use super::error::CommandError;
use crate::query::QueryError;
use crate::query::expression::Variables;
use crate::query::matcher::Matcher;
use crate::storage::key::value_key;
use crate::storage::store::{KeyRange, PageLimit, ReadAt, Store, StoreError};

/// Documents looked at between two looks at the budget.
const PAGE: PageLimit = PageLimit {
    rows: 256,
    bytes: 1 << 20,
};

impl From<QueryError> for CommandError {
    fn from(error: QueryError) -> Self {
        Self {
            code: error.code,
            message: error.message,
            duplicate: None,
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::SnapshotTooOld { .. } => 239,
            StoreError::NamespaceNotFound(_) => 26,
            StoreError::IndexNotFound(_) => 27,
            StoreError::Key(_) => 2,
            _ => 1,
        };
        Self::new(code, error.to_string())
    }
}

/// A scan that can be left and gone on with.
pub struct Scan {
    ns: String,
    matcher: Matcher,
    rest: Rest,
    page: VecDeque<(Vec<u8>, Document)>,
}

enum Rest {
    Id(Vec<u8>),
    Range(KeyRange),
    Nothing,
}

impl Scan {
    /// A scan of `ns` for `filter`.
    ///
    /// # Errors
    /// When the filter is none.
    pub fn new(ns: &str, filter: &Document) -> Result<Self, CommandError> {
        let matcher = Matcher::compile(filter, &Variables::default())?;
        let rest = match id_of(filter) {
            Some(id) => Rest::Id(key_of(&id)?),
            None => Rest::Range(KeyRange::all()),
        };
        Ok(Self {
            ns: ns.to_owned(),
            matcher,
            rest,
            page: VecDeque::new(),
        })
    }

    /// What must match.
    #[must_use]
    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// The next matching document and its key.
    ///
    /// # Errors
    /// The store's, or the filter's on a document it can't judge.
    pub fn next(&mut self, store: &Store, at: ReadAt) -> Result<Option<(Vec<u8>, Document)>, CommandError> {
        loop {
            while let Some((key, document)) = self.page.pop_front() {
                if self.matcher.matches(&document)? {
                    return Ok(Some((key, document)));
                }
            }
            if !self.turn_page(store, at)? {
                return Ok(None);
            }
        }
    }

    fn turn_page(&mut self, store: &Store, at: ReadAt) -> Result<bool, CommandError> {
        match std::mem::replace(&mut self.rest, Rest::Nothing) {
            Rest::Nothing => Ok(false),
            Rest::Id(key) => {
                if let Some(bytes) = store.get(&self.ns, &key, at)? {
                    self.page.push_back((key, tree(&bytes)?));
                }
                Ok(true)
            }
            Rest::Range(range) => {
                let page = store.page(&self.ns, &range, at, PAGE)?;
                if !page.is_last
                    && let Some((key, _)) = page.documents.last()
                {
                    self.rest = Rest::Range(range.resumed_after(key));
                }
                for (key, bytes) in page.documents {
                    self.page.push_back((key, tree(&bytes)?));
                }
                Ok(true)
            }
        }
    }
}

/// The value that `_id` must equal, if the filter says so.
fn id_of(filter: &Document) -> Option<Bson> {
    match filter.get("_id")? {
        Bson::Document(condition) if condition.keys().any(|key| key.starts_with('$')) => {
            (condition.len() == 1).then(|| condition.get("$eq").cloned())?
        }
        Bson::RegularExpression(_) => None,
        value => Some(value.clone()),
    }
}

/// The key of a document with this `_id`.
///
/// # Errors
/// 2 when it can't be a key.
pub fn key_of(id: &Bson) -> Result<Vec<u8>, CommandError> {
    let holder = id_document(id)?;
    let value = holder
        .get("_id")
        .map_err(|error| CommandError::new(2, error.to_string()))?;
    let value = value.ok_or_else(|| CommandError::new(2, "no _id"))?;
    value_key(value).map_err(|error| CommandError::new(2, error.to_string()))
}

/// `{_id: id}` in raw form.
///
/// # Errors
/// 2 when it can't be encoded.
pub fn id_document(id: &Bson) -> Result<RawDocumentBuf, CommandError> {
    let mut holder = Document::new();
    holder.insert("_id", id.clone());
    raw(&holder)
}

/// A document in raw form.
///
/// # Errors
/// 2 when it can't be encoded.
pub fn raw(document: &Document) -> Result<RawDocumentBuf, CommandError> {
    RawDocumentBuf::try_from(document).map_err(|error| CommandError::new(2, error.to_string()))
}

/// A stored document as a tree.
///
/// # Errors
/// 1 when the bytes are no document: the store is damaged.
pub fn tree(bytes: &[u8]) -> Result<Document, CommandError> {
    Document::from_reader(bytes).map_err(|error| CommandError::new(1, format!("stored document: {error}")))
}
