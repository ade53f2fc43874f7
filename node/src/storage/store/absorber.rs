//! The thread that writes batches into the engine and removes what nothing refers to any more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use protocol::optime::OpTime;

use super::catalog::TreeId;
use super::counts::Counts;
use super::data::catalog_key;
use super::engine::{BatchItem, Engine, EngineError, KeyRange, PageLimit, Room};
use super::error::StoreError;
use super::journal::JournalItem;
use super::merge::Merge;
use crate::storage::background::stand_back;

/// Rows of a dead tree removed at a time.
const PURGE_PAGE: PageLimit = PageLimit {
    rows: 4096,
    bytes: 4 << 20,
};

/// Work for the thread.
#[derive(Debug)]
pub(super) struct Job {
    /// What was done, oldest first.
    pub(super) items: Vec<JournalItem>,
    /// Where the engine is with all of them.
    pub(super) through: OpTime,
    /// The next tree's number.
    pub(super) next_tree: u32,
    /// All so far is to be durable.
    pub(super) flush: bool,
}

/// A job that is done: its items, for whoever forgets them now.
#[derive(Debug)]
pub(super) struct Absorbed {
    pub(super) items: Vec<JournalItem>,
    pub(super) is_durable: bool,
}

/// The thread and the ways to it.
#[derive(Debug)]
pub(super) struct Absorber {
    jobs: Option<Sender<Job>>,
    pub(super) results: Receiver<Result<Absorbed, EngineError>>,
    thread: Option<JoinHandle<()>>,
}

impl Absorber {
    /// Starts the thread; `dead` trees of a former life are removed first. `counts`: the counters that the engine has.
    pub(super) fn start(
        engine: Arc<dyn Engine>,
        dead: BTreeMap<TreeId, Room>,
        counts: BTreeMap<TreeId, Counts>,
    ) -> Result<Self, StoreError> {
        let (jobs, inbox) = channel::<Job>();
        let (outbox, results) = channel();
        let thread = std::thread::Builder::new()
            .name("absorb".to_owned())
            .spawn(move || {
                stand_back();
                let mut counts = Merge::new(counts);
                let mut purged = purge(&*engine, &dead);
                for job in inbox {
                    let result = purged.and_then(|()| merge(&*engine, &mut counts, &job));
                    let result = match result {
                        Ok(dead) if job.flush => engine.flush().map(|()| dead),
                        result => result,
                    };
                    let (dead, absorbed) = match result {
                        Ok(dead) => (
                            dead,
                            Ok(Absorbed {
                                items: job.items,
                                is_durable: job.flush,
                            }),
                        ),
                        Err(error) => (BTreeMap::new(), Err(error)),
                    };
                    let is_fine = absorbed.is_ok();
                    if outbox.send(absorbed).is_err() || !is_fine {
                        return;
                    }
                    purged = purge(&*engine, &dead);
                }
            })
            .map_err(EngineError::from)?;
        Ok(Self {
            jobs: Some(jobs),
            results,
            thread: Some(thread),
        })
    }

    pub(super) fn send(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.jobs.as_ref().ok_or(StoreError::AbsorberStopped)?;
        jobs.send(job).map_err(|_| StoreError::AbsorberStopped)
    }
}

impl Drop for Absorber {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // What a panic interrupted is found by the next start: batches are atomic.
            drop(thread.join());
        }
    }
}

/// Brings a job's items into the engine, and gives the trees that nothing refers to any more.
fn merge(engine: &dyn Engine, merge: &mut Merge, job: &Job) -> Result<BTreeMap<TreeId, Room>, EngineError> {
    let mut rest = job.items.as_slice();
    let mut dead = BTreeMap::new();
    loop {
        let merged = merge.next(&mut rest, job.through, job.next_tree);
        engine.apply_batch(merged.batch)?;
        dead.extend(merged.dead);
        if rest.is_empty() {
            return Ok(dead);
        }
        // Clients wait for the event loop; nobody waits for this thread.
        std::thread::yield_now();
    }
}

/// Removes all rows of trees that nothing refers to, then the note that says so.
fn purge(engine: &dyn Engine, dead: &BTreeMap<TreeId, Room>) -> Result<(), EngineError> {
    for (tree, room) in dead {
        let range = KeyRange::prefix(&tree.0.to_be_bytes());
        loop {
            let rows = engine.scan(*room, &range, PURGE_PAGE)?;
            if rows.is_empty() {
                break;
            }
            let remove = |(key, _)| BatchItem {
                room: *room,
                key,
                value: None,
            };
            engine.apply_batch(rows.into_iter().map(remove).collect())?;
        }
        engine.apply_batch(vec![BatchItem {
            room: Room::Catalog,
            key: catalog_key::of_tree(catalog_key::DEAD_TREE, *tree),
            value: None,
        }])?;
    }
    Ok(())
}
