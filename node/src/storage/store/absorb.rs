//! Merging committed versions into the engine, on a thread of its own ([`super::absorber`]).
//!
//! While a batch is under way its versions stay in the overlay and hide whatever the engine has of them, so
//! readers can't tell. They are dropped when the engine holds the batch, some with each turn of the event loop; the
//! optime that it reaches to is in the same batch (BUG-D07: data and marker can't part).
//!
//! The engine is made durable now and then only: what a power cut takes from it is in the oplog, which may drop no
//! entry before.

use std::sync::mpsc::TryRecvError;
use std::time::{Duration, Instant};

use protocol::optime::OpTime;

use super::absorber::{Absorbed, Job};
use super::data::Store;
use super::engine::EngineError;
use super::error::StoreError;
use super::journal::{JournalItem, Step};

/// Bytes of keys and documents in one job, about.
const JOB_BYTES_MAX: usize = 8 << 20;
/// Versions that leave the overlay in one turn: dropping thousands at once would be a pause for every client.
const SETTLED_AT_ONCE: usize = 128;
/// How long the engine may be ahead of what it holds durably. The oplog's own flushes wait for the disk meanwhile, so there
/// are few.
const FLUSH_EVERY: Duration = Duration::from_secs(2);
/// And by how many bytes, about: a large flush would be a pause for every write.
const FLUSH_BYTES: usize = 1 << 20;

/// A batch on its way.
#[derive(Debug)]
pub(super) struct InFlight {
    through: OpTime,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The absorbing thread has it.
    Absorbing,
    /// The engine has it; these versions are still in the overlay, too.
    Settling(std::vec::IntoIter<JournalItem>),
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
        if self.is_absorbing() {
            match self.absorber.results.try_recv() {
                Ok(result) => self.take_note(result)?,
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => return Err(StoreError::AbsorberStopped),
            }
        }
        self.settle(usize::MAX);
        let is_due = self.flushed.elapsed() >= FLUSH_EVERY || self.unflushed_bytes >= FLUSH_BYTES;
        self.start(up_to, is_due)
    }

    /// Some of what follows from a finished batch. Call it once a turn.
    ///
    /// # Errors
    /// If the engine failed; the member has to stop then.
    pub fn settle_some(&mut self) -> Result<(), StoreError> {
        if self.is_absorbing()
            && let Ok(result) = self.absorber.results.try_recv()
        {
            self.take_note(result)?;
        }
        self.settle(SETTLED_AT_ONCE);
        Ok(())
    }

    /// Hands everything up to `up_to` to the engine and waits until it is durable there. For initial sync and tests.
    ///
    /// # Errors
    /// If the engine failed.
    pub fn absorb_and_wait(&mut self, up_to: OpTime) -> Result<(), StoreError> {
        loop {
            self.wait_for_absorber()?;
            self.start(up_to, true)?;
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
        if self.is_absorbing() {
            let result = self
                .absorber
                .results
                .recv()
                .map_err(|_| StoreError::AbsorberStopped)?;
            self.take_note(result)?;
        }
        self.settle(usize::MAX);
        Ok(())
    }

    fn is_absorbing(&self) -> bool {
        let stage = self.in_flight.as_ref().map(|batch| &batch.stage);
        matches!(stage, Some(Stage::Absorbing))
    }

    fn start(&mut self, up_to: OpTime, flush: bool) -> Result<(), StoreError> {
        let up_to = up_to.min(self.last_applied);
        let has_work = self.journal.front().is_some_and(|item| item.optime <= up_to);
        let is_ahead = self.absorbed_through > self.applied_through;
        if !has_work && up_to <= self.absorbed_through && !(flush && is_ahead) {
            return Ok(());
        }
        let items = self.take_items(up_to);
        // All that was applied up to here is in the batch, unless it was full.
        let through = match self.journal.front() {
            Some(next) if next.optime <= up_to => items.last().map_or(up_to, |item| item.optime),
            _ => up_to.max(self.absorbed_through),
        };
        self.readable_from = through;
        if flush {
            self.unflushed_bytes = 0;
        }
        self.in_flight = Some(InFlight {
            through,
            stage: Stage::Absorbing,
        });
        self.absorber.send(Job {
            items,
            through,
            next_tree: self.next_tree,
            flush,
        })
    }

    fn take_note(&mut self, result: Result<Absorbed, EngineError>) -> Result<(), StoreError> {
        let Absorbed { items, is_durable } = result?;
        if let Some(batch) = &mut self.in_flight {
            batch.stage = Stage::Settling(items.into_iter());
            self.absorbed_through = batch.through;
            if is_durable {
                self.applied_through = batch.through;
                self.flushed = Instant::now();
            }
        }
        Ok(())
    }

    /// Drops up to `count` versions that the engine has.
    fn settle(&mut self, count: usize) {
        let Some(batch) = &mut self.in_flight else { return };
        let Stage::Settling(items) = &mut batch.stage else {
            return;
        };
        for item in items.take(count) {
            match item.step {
                Step::Write { tree, key, .. } => self.overlay.drop_through(tree, &key, batch.through),
                Step::Catalog { ns, .. } => self.catalog.drop_before(&ns, batch.through),
                Step::DropTree { tree, .. } => {
                    self.overlay.drop_tree(tree);
                    self.counts.remove(&tree);
                }
            }
        }
        if items.len() == 0 {
            self.in_flight = None;
        }
    }

    /// Takes steps from the front of the journal; those of one optime stay together.
    fn take_items(&mut self, up_to: OpTime) -> Vec<JournalItem> {
        let mut items: Vec<JournalItem> = Vec::new();
        let mut bytes = 0;
        while let Some(next) = self.journal.front()
            && next.optime <= up_to
            && (bytes < JOB_BYTES_MAX || items.last().is_some_and(|last| last.optime == next.optime))
        {
            if let Step::Write { key, change, .. } = &next.step {
                bytes += key.len() + change.bytes.unsigned_abs() as usize;
            }
            items.extend(self.journal.pop_front());
        }
        self.unflushed_bytes += bytes;
        items
    }
}
