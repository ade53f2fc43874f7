//! The thread that writes batches into the engine and removes what nothing refers to any more.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use super::catalog::TreeId;
use super::data::catalog_key;
use super::engine::{Batch, BatchItem, Engine, EngineError, KeyRange, PageLimit, Room};
use super::error::StoreError;

/// Rows of a dead tree removed at a time.
const PURGE_PAGE: PageLimit = PageLimit {
    rows: 4096,
    bytes: 4 << 20,
};

/// Work for the thread.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) batch: Batch,
    /// Trees that nothing refers to once the batch is in.
    pub(super) dead: Vec<(Room, TreeId)>,
}

/// The thread and the ways to it.
#[derive(Debug)]
pub(super) struct Absorber {
    jobs: Option<Sender<Job>>,
    pub(super) results: Receiver<Result<(), EngineError>>,
    thread: Option<JoinHandle<()>>,
}

impl Absorber {
    /// Starts the thread; `dead` trees of a former life are removed first.
    pub(super) fn start(engine: Arc<dyn Engine>, dead: Vec<(Room, TreeId)>) -> Result<Self, StoreError> {
        let (jobs, inbox) = channel::<Job>();
        let (outbox, results) = channel();
        let thread = std::thread::Builder::new()
            .name("absorb".to_owned())
            .spawn(move || {
                let mut purged = purge(&*engine, &dead);
                for job in inbox {
                    let result = purged
                        .and_then(|()| engine.apply_batch(job.batch))
                        .and_then(|()| engine.flush());
                    let is_fine = result.is_ok();
                    if outbox.send(result).is_err() || !is_fine {
                        return;
                    }
                    purged = purge(&*engine, &job.dead);
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

/// Removes all rows of trees that nothing refers to, then the note that says so.
fn purge(engine: &dyn Engine, dead: &[(Room, TreeId)]) -> Result<(), EngineError> {
    for (room, tree) in dead {
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
