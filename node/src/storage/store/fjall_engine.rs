//! The chosen engine: fjall 3, a log-structured merge tree in Rust (ARCHITECTURE.md, "Storage").
//!
//! Two of its features are avoided because of reported damage: `Keyspace::clear` and key-value separation.

use std::path::Path;
use std::sync::Arc;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::engine::{Batch, Engine, EngineError, KeyRange, Order, PageLimit, Room, Row};

/// Sizes of the engine.
#[derive(Clone, Copy, Debug)]
pub struct FjallOptions {
    /// Blocks kept in memory.
    pub cache_bytes: u64,
    /// Newest rows kept in memory, per room; larger is faster under load, smaller starts sooner.
    pub memtable_bytes: u64,
    /// Bounds the engine's journal and so the time to open after a crash; at least 64 MiB.
    pub journal_bytes: u64,
}

impl Default for FjallOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 64 << 20,
            memtable_bytes: 32 << 20,
            journal_bytes: JOURNAL_BYTES_MIN,
        }
    }
}

/// Smallest journal that fjall accepts.
const JOURNAL_BYTES_MIN: u64 = 64 << 20;

/// A fjall database with one keyspace per room.
pub struct FjallEngine {
    database: Database,
    catalog: Keyspace,
    documents: Keyspace,
    indexes: Keyspace,
}

impl FjallEngine {
    /// Opens the database in `directory`, creating it when missing.
    ///
    /// # Errors
    /// If the files can't be used or are damaged.
    pub fn open(directory: &Path, options: FjallOptions) -> Result<Self, EngineError> {
        let database = Database::builder(directory)
            .cache_size(options.cache_bytes)
            .max_journaling_size(options.journal_bytes.max(JOURNAL_BYTES_MIN))
            .worker_threads(1)
            .open()?;
        let keyspace = |name: &str| {
            database.keyspace(name, || {
                KeyspaceCreateOptions::default().max_memtable_size(options.memtable_bytes)
            })
        };
        Ok(Self {
            catalog: keyspace("catalog")?,
            documents: keyspace("documents")?,
            indexes: keyspace("indexes")?,
            database,
        })
    }

    fn room(&self, room: Room) -> &Keyspace {
        match room {
            Room::Catalog => &self.catalog,
            Room::Documents => &self.documents,
            Room::Indexes => &self.indexes,
        }
    }
}

impl std::fmt::Debug for FjallEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FjallEngine").finish_non_exhaustive()
    }
}

impl Engine for FjallEngine {
    fn get(&self, room: Room, key: &[u8]) -> Result<Option<Arc<[u8]>>, EngineError> {
        Ok(self.room(room).get(key)?.map(|value| Arc::from(&*value)))
    }

    fn scan(&self, room: Room, range: &KeyRange, limit: PageLimit) -> Result<Vec<Row>, EngineError> {
        let mut rows = Vec::new();
        if range.is_empty() {
            return Ok(rows);
        }
        let mut bytes = 0;
        let mut iterator = self.room(room).range::<&[u8], _>(range.bounds());
        while rows.len() < limit.rows && bytes < limit.bytes {
            let row = match range.order {
                Order::Forward => iterator.next(),
                Order::Backward => iterator.next_back(),
            };
            let Some(row) = row else { break };
            let (key, value) = row.into_inner()?;
            bytes += value.len();
            rows.push((key.to_vec(), Arc::from(&*value)));
        }
        Ok(rows)
    }

    fn apply_batch(&self, batch: Batch) -> Result<(), EngineError> {
        let mut writes = self.database.batch();
        for item in batch {
            let keyspace = self.room(item.room);
            match item.value {
                Some(value) => writes.insert(keyspace, item.key, &*value),
                None => writes.remove(keyspace, item.key),
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
