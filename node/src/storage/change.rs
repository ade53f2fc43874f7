//! What one oplog entry does to the data.

use std::sync::Arc;

use super::index::IndexSpec;
use super::key::{KeyError, id_key};

/// One effect of an oplog entry on the data. All are idempotent: they say the result, not the step.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// The document with this key is `doc`, and there was none: the primary has looked before it wrote the entry.
    /// Data at the point just before the entry are not searched for it again; a clone, which may be newer, is.
    Insert {
        /// `database.collection`.
        ns: Arc<str>,
        /// [`super::key::id_key`] of `doc`.
        id_key: Vec<u8>,
        /// BSON bytes.
        doc: Arc<[u8]>,
    },
    /// The document with this key is now `doc` (insert, or update with the full result).
    Put {
        /// `database.collection`.
        ns: Arc<str>,
        /// [`super::key::id_key`] of `doc`.
        id_key: Vec<u8>,
        /// BSON bytes.
        doc: Arc<[u8]>,
    },
    /// The document with this key is gone.
    Delete {
        /// `database.collection`.
        ns: Arc<str>,
        /// [`super::key::value_key`] of its `_id`.
        id_key: Vec<u8>,
    },
    /// The collection exists. Without effect if it does already.
    CreateCollection {
        /// `database.collection`.
        ns: Arc<str>,
        /// Its unique id (`ui` of the entry), the same on all members.
        uuid: Option<[u8; 16]>,
        /// Options as a BSON document, possibly empty bytes.
        options: Vec<u8>,
    },
    /// The collection is gone, with its documents and indexes. Without effect if it is already.
    DropCollection {
        /// `database.collection`.
        ns: Arc<str>,
    },
    /// The collection has another name. Without effect if `from` doesn't exist.
    RenameCollection {
        /// Old `database.collection`.
        from: Arc<str>,
        /// New `database.collection`; what had this name is dropped.
        to: Arc<str>,
    },
    /// All collections of the database are gone.
    DropDatabase {
        /// Name of the database.
        db: Arc<str>,
    },
    /// The index exists, with entries for all documents. Without effect if one of this name does already.
    CreateIndex {
        /// `database.collection`.
        ns: Arc<str>,
        /// The index.
        index: IndexSpec,
    },
    /// The index is gone. Without effect if it is already.
    DropIndex {
        /// `database.collection`.
        ns: Arc<str>,
        /// Name of the index.
        name: String,
    },
}

impl Change {
    /// A [`Change::Insert`] with the key taken from the document's `_id`.
    ///
    /// # Errors
    /// If `doc` has no `_id` that can be a key.
    pub fn insert(ns: &Arc<str>, doc: &[u8]) -> Result<Self, KeyError> {
        Ok(Self::Insert {
            ns: Arc::clone(ns),
            id_key: id_key(doc)?,
            doc: doc.into(),
        })
    }

    /// A [`Change::Put`] with the key taken from the document's `_id`.
    ///
    /// # Errors
    /// If `doc` has no `_id` that can be a key.
    pub fn put(ns: &Arc<str>, doc: &[u8]) -> Result<Self, KeyError> {
        Ok(Self::Put {
            ns: Arc::clone(ns),
            id_key: id_key(doc)?,
            doc: doc.into(),
        })
    }
}
