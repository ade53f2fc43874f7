//! The chosen engine: fjall 3, a log-structured merge tree in Rust (ARCHITECTURE.md, "Storage").
//!
//! Two of its features are avoided because of reported damage: `Keyspace::clear` and key-value separation.

use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::engine::{Batch, Engine, EngineError, KeyRange, Order, PageLimit, Room, Row};
use super::torn_journal;
use crate::storage::background::stand_back;

/// Sizes of the engine.
#[derive(Clone, Copy, Debug)]
pub struct FjallOptions {
    /// Blocks kept in memory.
    pub cache_bytes: u64,
    /// Newest rows kept in memory. A larger one is written to tables more rarely, a smaller one is quicker to search, which every
    /// insert does, and starts sooner: of 32 and 16 MiB the smaller let 64 clients write a fifth more.
    pub memtable_bytes: u64,
    /// Bounds the engine's journal and so the time to open after a crash; at least 64 MiB.
    pub journal_bytes: u64,
}

impl Default for FjallOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 64 << 20,
            memtable_bytes: 16 << 20,
            journal_bytes: JOURNAL_BYTES_MIN,
        }
    }
}

/// Smallest journal that fjall accepts.
const JOURNAL_BYTES_MIN: u64 = 64 << 20;

/// Name of the only keyspace.
const ROWS: &str = "rows";
/// A keyspace of earlier versions, which had one for each room.
const OLD_ROWS: &str = "documents";

/// A fjall database with one keyspace, its keys prefixed with their room.
///
/// One, because keyspaces become durable each for itself. With one a room:
/// 1. a batch is in the journal, unsynced, and in both memtables: documents, and counters with the marker;
/// 2. the documents' memtable is full and is written to a table file, durably; power cut;
/// 3. the journal lost the batch: documents are newer than counters and marker, and the replay counts them twice.
pub struct FjallEngine {
    database: Database,
    rows: Keyspace,
}

impl FjallEngine {
    /// Opens the database in `directory`, creating it when missing.
    ///
    /// # Errors
    /// If the files can't be used, are damaged, or of an earlier version.
    pub fn open(directory: &Path, options: FjallOptions) -> Result<Self, EngineError> {
        let database = match Self::open_database(directory, options) {
            Err(fjall::Error::JournalRecovery(torn)) => match torn_journal::cut(directory)? {
                Some((file, kept_bytes)) => {
                    let file = file.display();
                    tracing::warn!(%file, kept_bytes, %torn, "the engine's journal is torn and was cut");
                    Self::open_database(directory, options)?
                }
                None => return Err(fjall::Error::JournalRecovery(torn).into()),
            },
            opened => opened?,
        };
        if database.keyspace_exists(OLD_ROWS) {
            return Err(EngineError::OldFormat);
        }
        let rows = database.keyspace(ROWS, || {
            KeyspaceCreateOptions::default().max_memtable_size(options.memtable_bytes)
        })?;
        Ok(Self { database, rows })
    }

    fn open_database(directory: &Path, options: FjallOptions) -> Result<Database, fjall::Error> {
        std::thread::scope(|scope| {
            // What opens it starts its workers, which flush and compact: they have its priority.
            let opening = scope.spawn(|| {
                stand_back();
                Database::builder(directory)
                    .cache_size(options.cache_bytes)
                    .max_journaling_size(options.journal_bytes.max(JOURNAL_BYTES_MIN))
                    .worker_threads(1)
                    .open()
            });
            opening
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

/// The engine's key of a room's key.
fn prefixed(room: Room, key: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(key.len() + 1);
    whole.push(prefix(room));
    whole.extend_from_slice(key);
    whole
}

fn prefix(room: Room) -> u8 {
    match room {
        Room::Catalog => 0,
        Room::Documents => 1,
        Room::Indexes => 2,
    }
}

fn bounds(room: Room, range: &KeyRange) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let (lower, upper) = range.bounds();
    let lower = match lower {
        Bound::Unbounded => Bound::Included(vec![prefix(room)]),
        Bound::Included(key) => Bound::Included(prefixed(room, key)),
        Bound::Excluded(key) => Bound::Excluded(prefixed(room, key)),
    };
    let upper = match upper {
        Bound::Unbounded => Bound::Excluded(vec![prefix(room) + 1]),
        Bound::Included(key) => Bound::Included(prefixed(room, key)),
        Bound::Excluded(key) => Bound::Excluded(prefixed(room, key)),
    };
    (lower, upper)
}

impl std::fmt::Debug for FjallEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FjallEngine").finish_non_exhaustive()
    }
}

impl Engine for FjallEngine {
    fn get(&self, room: Room, key: &[u8]) -> Result<Option<Arc<[u8]>>, EngineError> {
        Ok(self
            .rows
            .get(prefixed(room, key))?
            .map(|value| Arc::from(&*value)))
    }

    fn scan(&self, room: Room, range: &KeyRange, limit: PageLimit) -> Result<Vec<Row>, EngineError> {
        let mut rows = Vec::new();
        if range.is_empty() {
            return Ok(rows);
        }
        let mut bytes = 0;
        let mut iterator = self.rows.range::<Vec<u8>, _>(bounds(room, range));
        while rows.len() < limit.rows && bytes < limit.bytes {
            let row = match range.order {
                Order::Forward => iterator.next(),
                Order::Backward => iterator.next_back(),
            };
            let Some(row) = row else { break };
            let (key, value) = row.into_inner()?;
            bytes += value.len();
            rows.push((key[1..].to_vec(), Arc::from(&*value)));
        }
        Ok(rows)
    }

    fn apply_batch(&self, batch: Batch) -> Result<(), EngineError> {
        let mut writes = self.database.batch();
        for item in batch {
            let key = prefixed(item.room, &item.key);
            match item.value {
                Some(value) => writes.insert(&self.rows, key, &*value),
                None => writes.remove(&self.rows, key),
            }
        }
        Ok(writes.commit()?)
    }

    fn flush(&self) -> Result<(), EngineError> {
        Ok(self.database.persist(PersistMode::SyncData)?)
    }

    fn disk_bytes(&self) -> Result<u64, EngineError> {
        Ok(self.database.disk_space()?)
    }
}
