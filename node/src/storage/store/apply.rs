//! Changing the data, and taking it back. Collections and indexes are in [`super::apply_catalog`].

use std::collections::BTreeSet;
use std::sync::Arc;

use protocol::optime::OpTime;

use super::catalog::{Collection, TreeId};
use super::counts::Counts;
use super::data::Store;
use super::engine::Room;
use super::error::StoreError;
use super::journal::{JournalItem, Step};
use crate::storage::change::Change;
use crate::storage::index::IndexSpec;
use crate::storage::key::{KEY_BYTES_MAX, KeyError};

/// What a change of a missing collection means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    Refuse,
    Skip,
}

impl Store {
    /// Applies the changes of the entry called `optime`, all or none. Equal optimes may be applied one after the
    /// other, smaller ones not.
    ///
    /// # Errors
    /// [`StoreError::NamespaceNotFound`] if a document's collection doesn't exist; [`StoreError::Key`] if a
    /// document has no usable key. Nothing was changed then (unless `optime` equals the last one, which can't be
    /// taken back in part).
    pub fn apply(&mut self, optime: OpTime, changes: &[Change]) -> Result<(), StoreError> {
        self.apply_all(optime, changes, Missing::Refuse)
    }

    /// Like [`Store::apply`], but skips changes of collections that don't exist. For initial sync, whose clone
    /// may already be newer than the entries that are applied to it.
    ///
    /// # Errors
    /// As [`Store::apply`].
    pub fn apply_to_clone(&mut self, optime: OpTime, changes: &[Change]) -> Result<(), StoreError> {
        self.apply_all(optime, changes, Missing::Skip)
    }

    /// Returns to the state at `optime`: documents, collections, indexes and counters.
    ///
    /// # Errors
    /// [`StoreError::RollbackTooFar`] if the engine holds newer versions.
    pub fn roll_back_to(&mut self, optime: OpTime) -> Result<(), StoreError> {
        if optime < self.readable_from {
            return Err(StoreError::RollbackTooFar {
                common_point: optime,
                oldest: self.readable_from,
            });
        }
        self.undo(optime, 0);
        self.last_applied = self.last_applied.min(optime);
        Ok(())
    }

    fn apply_all(&mut self, optime: OpTime, changes: &[Change], missing: Missing) -> Result<(), StoreError> {
        if optime < self.last_applied {
            return Err(StoreError::OutOfOrder {
                optime,
                last_applied: self.last_applied,
            });
        }
        if self.in_flight_through().is_some_and(|through| through >= optime) {
            // The batch under way would take the new version for one that it brought to the engine itself.
            self.wait_for_absorber()?;
        }
        let previous = self.last_applied;
        let steps = self.journal.len();
        self.last_applied = optime;
        for change in changes {
            if let Err(error) = self.apply_one(optime, change, missing) {
                self.undo(previous, steps);
                self.last_applied = previous;
                return Err(error);
            }
        }
        Ok(())
    }

    fn apply_one(&mut self, optime: OpTime, change: &Change, missing: Missing) -> Result<(), StoreError> {
        match change {
            Change::Insert { ns, id_key, doc } => match self.existing(ns, missing)? {
                Some(collection) => {
                    check_length(id_key)?;
                    // Looking for what isn't there costs more than writing it, on each member.
                    let old = match missing {
                        Missing::Refuse => None,
                        Missing::Skip => self.lookup(Room::Documents, collection.tree, id_key, optime)?,
                    };
                    self.write_document(optime, &collection, id_key, old, Some(doc))
                }
                None => Ok(()),
            },
            Change::Put { ns, id_key, doc } => match self.existing(ns, missing)? {
                Some(collection) => self.overwrite(optime, &collection, id_key, Some(doc)),
                None => Ok(()),
            },
            Change::Delete { ns, id_key } => match self.existing(ns, missing)? {
                Some(collection) => self.overwrite(optime, &collection, id_key, None),
                None => Ok(()),
            },
            Change::CreateCollection { ns, uuid, options } => {
                self.create(optime, ns, *uuid, options);
                Ok(())
            }
            Change::DropCollection { ns } => {
                self.drop_collection(optime, ns);
                Ok(())
            }
            Change::RenameCollection { from, to } => {
                self.rename(optime, from, to);
                Ok(())
            }
            Change::DropDatabase { db } => {
                let is_in = |ns: &str| ns.strip_prefix(&**db).is_some_and(|rest| rest.starts_with('.'));
                let names: Vec<_> = self.catalog.all(optime).map(|(ns, _)| Arc::clone(ns)).collect();
                for ns in names.iter().filter(|ns| is_in(ns)) {
                    self.drop_collection(optime, ns);
                }
                Ok(())
            }
            Change::CreateIndex { ns, index } => match self.existing(ns, missing)? {
                Some(collection) => self.create_index(optime, ns, &collection, index),
                None => Ok(()),
            },
            Change::DropIndex { ns, name } => {
                if let Some(collection) = self.existing(ns, missing)? {
                    self.drop_index(optime, ns, &collection, name);
                }
                Ok(())
            }
        }
    }

    fn existing(&self, ns: &Arc<str>, missing: Missing) -> Result<Option<Arc<Collection>>, StoreError> {
        match (self.catalog.get(ns, self.last_applied), missing) {
            (Some(collection), _) => Ok(Some(Arc::clone(collection))),
            (None, Missing::Skip) => Ok(None),
            (None, Missing::Refuse) => Err(StoreError::NamespaceNotFound(ns.to_string())),
        }
    }

    fn overwrite(
        &mut self,
        optime: OpTime,
        collection: &Collection,
        id_key: &[u8],
        doc: Option<&Arc<[u8]>>,
    ) -> Result<(), StoreError> {
        check_length(id_key)?;
        let old = self.lookup(Room::Documents, collection.tree, id_key, optime)?;
        self.write_document(optime, collection, id_key, old, doc)
    }

    fn write_document(
        &mut self,
        optime: OpTime,
        collection: &Collection,
        id_key: &[u8],
        old: Option<Arc<[u8]>>,
        doc: Option<&Arc<[u8]>>,
    ) -> Result<(), StoreError> {
        for index in &collection.indexes {
            let old_keys = entries(&index.spec, old.as_deref(), id_key)?;
            let new_keys = entries(&index.spec, doc.map(|doc| &**doc), id_key)?;
            for key in old_keys.difference(&new_keys) {
                let change = Counts::change(Some(key.len()), None);
                self.write(optime, Room::Indexes, index.tree, key, None, change);
            }
            for key in new_keys.difference(&old_keys) {
                let change = Counts::change(None, Some(key.len()));
                self.write(
                    optime,
                    Room::Indexes,
                    index.tree,
                    key,
                    Some(id_key.into()),
                    change,
                );
            }
        }
        if old.is_some() || doc.is_some() {
            let change = Counts::change(old.map(|old| old.len()), doc.map(|doc| doc.len()));
            self.write(
                optime,
                Room::Documents,
                collection.tree,
                id_key,
                doc.cloned(),
                change,
            );
        }
        Ok(())
    }

    pub(super) fn write(
        &mut self,
        optime: OpTime,
        room: Room,
        tree: TreeId,
        key: &[u8],
        value: Option<Arc<[u8]>>,
        change: Counts,
    ) {
        let key: Arc<[u8]> = key.into();
        self.overlay.put(tree, &key, optime, value.clone());
        *self.counts.entry(tree).or_default() += change;
        self.note(
            optime,
            Step::Write {
                room,
                tree,
                key,
                value,
                change,
            },
        );
    }

    pub(super) fn note(&mut self, optime: OpTime, step: Step) {
        self.journal.push_back(JournalItem { optime, step });
    }

    /// Undoes all steps above `optime` behind the first `kept`.
    fn undo(&mut self, optime: OpTime, kept: usize) {
        while self.journal.len() > kept
            && self.journal.back().is_some_and(|item| item.optime > optime)
            && let Some(item) = self.journal.pop_back()
        {
            match item.step {
                Step::Write {
                    tree, key, change, ..
                } => {
                    self.overlay.drop_above(tree, &key, optime);
                    *self.counts.entry(tree).or_default() -= change;
                }
                Step::Catalog { ns, .. } => self.catalog.drop_above(&ns, optime),
                Step::DropTree { .. } => {}
            }
        }
    }
}

/// The full keys of a document in an index: its values there, then its own key.
pub(super) fn entries(
    spec: &IndexSpec,
    doc: Option<&[u8]>,
    id_key: &[u8],
) -> Result<BTreeSet<Vec<u8>>, StoreError> {
    let Some(doc) = doc else {
        return Ok(BTreeSet::new());
    };
    let mut entries = BTreeSet::new();
    for mut key in spec.keys_of(doc)? {
        key.extend_from_slice(id_key);
        check_length(&key)?;
        entries.insert(key);
    }
    Ok(entries)
}

fn check_length(key: &[u8]) -> Result<(), KeyError> {
    if key.len() > KEY_BYTES_MAX {
        Err(KeyError::TooLong(key.len()))
    } else {
        Ok(())
    }
}
