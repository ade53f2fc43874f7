//! Reading single documents and the catalog.

use std::sync::Arc;

use protocol::optime::OpTime;

use super::catalog::{Collection, NamedCollection, TreeId};
use super::counts::Counts;
use super::data::Store;
use super::engine::{KeyRange, PageLimit, Room};
use super::error::StoreError;
use super::journal::Step;

/// At which point of the oplog a read happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadAt {
    /// With everything applied (read concern local).
    Latest,
    /// With everything up to and including this optime (majority: the commit point, R-74).
    At(OpTime),
}

/// A document that has a key of a unique index already.
#[derive(Clone, Debug, PartialEq)]
pub struct Duplicate {
    /// Name of the index.
    pub index: String,
    /// The index's key in the document that has it, encoded.
    pub key: Vec<u8>,
    /// Key of the document that has it.
    pub id_key: Vec<u8>,
}

impl Store {
    /// The document with this key.
    ///
    /// # Errors
    /// [`StoreError::SnapshotTooOld`], or the engine's.
    pub fn get(&self, ns: &str, id_key: &[u8], at: ReadAt) -> Result<Option<Arc<[u8]>>, StoreError> {
        let at = self.point(at)?;
        match self.catalog.get(ns, at) {
            Some(collection) => self.lookup(Room::Documents, collection.tree, id_key, at),
            None => Ok(None),
        }
    }

    /// The collection called `ns`.
    ///
    /// # Errors
    /// [`StoreError::SnapshotTooOld`].
    pub fn collection(&self, ns: &str, at: ReadAt) -> Result<Option<Arc<Collection>>, StoreError> {
        Ok(self.catalog.get(ns, self.point(at)?).cloned())
    }

    /// All collections by name.
    ///
    /// # Errors
    /// [`StoreError::SnapshotTooOld`].
    pub fn collections(&self, at: ReadAt) -> Result<Vec<NamedCollection>, StoreError> {
        let all = self.catalog.all(self.point(at)?);
        Ok(all
            .map(|(ns, collection)| (Arc::clone(ns), Arc::clone(collection)))
            .collect())
    }

    /// Counters of a collection's documents; zero if it doesn't exist. `At` walks what is not merged yet.
    ///
    /// # Errors
    /// [`StoreError::SnapshotTooOld`].
    pub fn counts(&self, ns: &str, at: ReadAt) -> Result<Counts, StoreError> {
        let at = self.point(at)?;
        Ok(self
            .catalog
            .get(ns, at)
            .map_or_else(Counts::default, |collection| {
                self.tree_counts(collection.tree, at)
            }))
    }

    /// Counters of an index's entries; zero if it doesn't exist.
    ///
    /// # Errors
    /// [`StoreError::SnapshotTooOld`].
    pub fn index_counts(&self, ns: &str, index: &str, at: ReadAt) -> Result<Counts, StoreError> {
        let at = self.point(at)?;
        let index = self
            .catalog
            .get(ns, at)
            .and_then(|collection| collection.index(index));
        Ok(index.map_or_else(Counts::default, |index| self.tree_counts(index.tree, at)))
    }

    /// Looks for another document that has a key of `doc` in a unique index, with everything applied. Ask before
    /// an insert or update becomes an oplog entry; members that apply the entry don't refuse it any more.
    ///
    /// # Errors
    /// [`StoreError::Key`] if `doc` has no usable keys, or the engine's.
    pub fn find_duplicate(
        &self,
        ns: &str,
        id_key: &[u8],
        doc: &[u8],
    ) -> Result<Option<Duplicate>, StoreError> {
        let at = self.last_applied;
        let Some(collection) = self.catalog.get(ns, at) else {
            return Ok(None);
        };
        for index in collection.indexes.iter().filter(|index| index.spec.is_unique) {
            for key in index.spec.keys_of(doc)? {
                // Two documents at most have this key: this one and the one that must not.
                let limit = PageLimit {
                    rows: 2,
                    ..PageLimit::NONE
                };
                let (rows, _) = self.rows(Room::Indexes, index.tree, &KeyRange::prefix(&key), at, limit)?;
                if let Some((_, other)) = rows.iter().find(|(_, other)| **other != *id_key) {
                    return Ok(Some(Duplicate {
                        index: index.spec.name.clone(),
                        key,
                        id_key: other.to_vec(),
                    }));
                }
            }
        }
        Ok(None)
    }

    /// The optime that a read sees.
    pub(super) fn point(&self, at: ReadAt) -> Result<OpTime, StoreError> {
        match at {
            ReadAt::Latest => Ok(self.last_applied),
            ReadAt::At(requested) if requested < self.readable_from => Err(StoreError::SnapshotTooOld {
                requested,
                oldest: self.readable_from,
            }),
            ReadAt::At(requested) => Ok(requested),
        }
    }

    /// One row: the overlay's version if it has one, otherwise the engine's.
    pub(super) fn lookup(
        &self,
        room: Room,
        tree: TreeId,
        key: &[u8],
        at: OpTime,
    ) -> Result<Option<Arc<[u8]>>, StoreError> {
        match self.overlay.get(tree, key, at) {
            Some(version) => Ok(version.cloned()),
            None => Ok(self.engine.get(room, &Self::engine_key(tree, key))?),
        }
    }

    fn tree_counts(&self, tree: TreeId, at: OpTime) -> Counts {
        let mut counts = self.counts.get(&tree).copied().unwrap_or_default();
        for item in self.journal.iter().rev().take_while(|item| item.optime > at) {
            if let Step::Write {
                tree: written,
                change,
                ..
            } = &item.step
                && *written == tree
            {
                counts -= *change;
            }
        }
        counts
    }
}
