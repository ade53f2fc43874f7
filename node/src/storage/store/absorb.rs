//! Merging committed versions into the engine, on a thread of its own ([`super::absorber`]).
//!
//! While a batch is under way its versions stay in the overlay and hide whatever the engine has of them, so
//! readers can't tell. They are dropped when the engine holds the batch durably, with the optime that it reaches
//! to in the same batch (BUG-D07: data and marker can't part).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::TryRecvError;

use protocol::optime::OpTime;

use super::absorber::Job;
use super::catalog::TreeId;
use super::counts::Counts;
use super::data::{Store, catalog_key};
use super::engine::{Batch, BatchItem, EngineError, Room};
use super::error::StoreError;
use super::journal::{JournalItem, Step};

/// Bytes of keys and documents in one batch, about.
const BATCH_BYTES_MAX: usize = 8 << 20;

/// A batch that the absorbing thread has.
#[derive(Debug)]
pub(super) struct InFlight {
    through: OpTime,
    items: Vec<JournalItem>,
}

impl Store {
    /// Hands versions up to `up_to` to the engine, in the background: takes note of a finished batch and starts
    /// the next one if there is something to do. Call it every 100 ms or so; rare and large batches are cheapest.
    ///
    /// `up_to` must be at most the commit point **and** at most the newest entry that this member's own log holds
    /// durably ([`crate::storage::log::Log::durable_optime`]):
    /// what the engine holds can't be rolled back, and a majority can be durable without this member. Otherwise:
    /// 1. both secondaries are durable at 7, the commit point is 7, the primary's own log is durable up to 5;
    /// 2. the engine takes everything up to 7; power cut;
    /// 3. the member starts with a log up to 5 and data up to 7: it would fetch and apply 6 and 7 once more, onto
    ///    data that may have been rolled back elsewhere.
    ///
    /// # Errors
    /// If the engine failed; the member has to stop then.
    pub fn absorb(&mut self, up_to: OpTime) -> Result<(), StoreError> {
        if self.in_flight.is_some() {
            match self.absorber.results.try_recv() {
                Ok(result) => self.finish(result)?,
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(StoreError::AbsorberStopped),
            }
        }
        self.start(up_to)
    }

    /// Hands everything up to `up_to` to the engine and waits until it is durable there. For shutdown, initial
    /// sync and tests.
    ///
    /// # Errors
    /// If the engine failed.
    pub fn absorb_and_wait(&mut self, up_to: OpTime) -> Result<(), StoreError> {
        loop {
            self.wait_for_absorber()?;
            self.start(up_to)?;
            if self.in_flight.is_none() {
                return Ok(());
            }
        }
    }

    /// Optime that the batch under way reaches to.
    pub(super) fn in_flight_through(&self) -> Option<OpTime> {
        self.in_flight.as_ref().map(|batch| batch.through)
    }

    pub(super) fn wait_for_absorber(&mut self) -> Result<(), StoreError> {
        if self.in_flight.is_none() {
            return Ok(());
        }
        let result = self
            .absorber
            .results
            .recv()
            .map_err(|_| StoreError::AbsorberStopped)?;
        self.finish(result)
    }

    fn start(&mut self, up_to: OpTime) -> Result<(), StoreError> {
        let up_to = up_to.min(self.last_applied);
        let has_work = self.journal.front().is_some_and(|item| item.optime <= up_to);
        if !has_work && up_to <= self.applied_through {
            return Ok(());
        }
        let items = self.take_items(up_to);
        // All that was applied up to here is in the batch, unless it was full.
        let through = match self.journal.front() {
            Some(next) if next.optime <= up_to => items.last().map_or(up_to, |item| item.optime),
            _ => up_to,
        };
        let (batch, dead) = self.batch(&items, through);
        self.readable_from = through;
        self.in_flight = Some(InFlight { through, items });
        let job = Job { batch, dead };
        self.absorber.send(job)
    }

    fn finish(&mut self, result: Result<(), EngineError>) -> Result<(), StoreError> {
        result?;
        let Some(InFlight { through, items }) = self.in_flight.take() else {
            return Ok(());
        };
        for item in items {
            match item.step {
                Step::Write { tree, key, .. } => self.overlay.drop_through(tree, &key, through),
                Step::Catalog { ns } => self.catalog.drop_before(&ns, through),
                Step::DropTree { tree, .. } => {
                    self.overlay.drop_tree(tree);
                    self.counts.remove(&tree);
                    self.absorbed_counts.remove(&tree);
                }
            }
        }
        self.applied_through = through;
        Ok(())
    }

    /// Takes steps from the front of the journal; those of one optime stay together.
    fn take_items(&mut self, up_to: OpTime) -> Vec<JournalItem> {
        let mut items: Vec<JournalItem> = Vec::new();
        let mut bytes = 0;
        while let Some(next) = self.journal.front()
            && next.optime <= up_to
            && (bytes < BATCH_BYTES_MAX || items.last().is_some_and(|last| last.optime == next.optime))
        {
            if let Step::Write { key, change, .. } = &next.step {
                bytes += key.len() + change.bytes.unsigned_abs() as usize;
            }
            items.extend(self.journal.pop_front());
        }
        items
    }

    fn batch(&mut self, items: &[JournalItem], through: OpTime) -> (Batch, Vec<(Room, TreeId)>) {
        let dead: BTreeMap<TreeId, Room> = items
            .iter()
            .filter_map(|item| match item.step {
                Step::DropTree { room, tree } => Some((tree, room)),
                _ => None,
            })
            .collect();
        let mut rows = Vec::with_capacity(items.len());
        let mut names = BTreeSet::new();
        let mut changes = BTreeMap::<TreeId, Counts>::new();
        for item in items {
            match &item.step {
                Step::Write {
                    room,
                    tree,
                    key,
                    change,
                } if !dead.contains_key(tree) => {
                    rows.push((*room, *tree, key));
                    *changes.entry(*tree).or_default() += *change;
                }
                Step::Catalog { ns } => {
                    names.insert(ns);
                }
                Step::Write { .. } | Step::DropTree { .. } => {}
            }
        }
        // A key that was written many times goes to the engine once, and in the order of the engine.
        rows.sort_unstable();
        rows.dedup();
        let mut batch = Vec::with_capacity(rows.len() + names.len() + changes.len() + 2);
        for (room, tree, key) in rows {
            if let Some(version) = self.overlay.get(tree, key, through) {
                batch.push(BatchItem {
                    room,
                    key: Self::engine_key(tree, key),
                    value: version.cloned(),
                });
            }
        }
        let mut note = |key: Vec<u8>, value: Option<Arc<[u8]>>| {
            batch.push(BatchItem {
                room: Room::Catalog,
                key,
                value,
            });
        };
        for ns in names {
            let collection = self.catalog.get(ns, through);
            note(
                catalog_key::of_collection(ns),
                collection.map(|collection| encode(&**collection)),
            );
        }
        for (tree, change) in changes {
            let counts = self.absorbed_counts.entry(tree).or_default();
            *counts += change;
            note(
                catalog_key::of_tree(catalog_key::COUNTS, tree),
                Some(encode(counts)),
            );
        }
        for (tree, room) in &dead {
            note(catalog_key::of_tree(catalog_key::COUNTS, *tree), None);
            let is_documents = *room == Room::Documents;
            note(
                catalog_key::of_tree(catalog_key::DEAD_TREE, *tree),
                Some(encode(&is_documents)),
            );
        }
        note(catalog_key::NEXT_TREE.to_vec(), Some(encode(&self.next_tree)));
        note(catalog_key::APPLIED_THROUGH.to_vec(), Some(encode(&through)));
        (batch, dead.into_iter().map(|(tree, room)| (room, tree)).collect())
    }
}

fn encode<T: serde::Serialize>(value: &T) -> Arc<[u8]> {
    postcard::to_stdvec(value)
        .expect("plain data always encodes into a vector")
        .into()
}
