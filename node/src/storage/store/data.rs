//! The store: overlay over engine.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use protocol::optime::OpTime;

use super::absorb::InFlight;
use super::absorber::Absorber;
use super::catalog::{Catalog, Collection, TreeId};
use super::counts::Counts;
use super::engine::{Engine, KeyRange, PageLimit, Room};
use super::error::StoreError;
use super::fjall_engine::{FjallEngine, FjallOptions};
use super::home;
use super::journal::JournalItem;
use super::memory_engine::MemoryEngine;
use super::overlay::Overlay;

/// Sizes of the store.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoreOptions {
    /// Sizes of the engine.
    pub engine: FjallOptions,
}

/// All replicated data of one member, owned by its event loop.
///
/// Every change has the optime of its oplog entry. What the engine does not hold lives in memory,
/// by version, and can be rolled back; [`Store::absorb`] merges what is committed into the engine in the
/// background. The store is **not** durable by itself: after a crash the owner replays the log's entries above
/// `applied_through`.
#[derive(Debug)]
pub struct Store {
    /// Where the engine lives; `None` if it was given.
    home: Option<(PathBuf, StoreOptions)>,
    pub(super) engine: Arc<dyn Engine>,
    pub(super) overlay: Overlay,
    pub(super) catalog: Catalog,
    pub(super) journal: VecDeque<JournalItem>,
    /// Counters with everything applied.
    pub(super) counts: BTreeMap<TreeId, Counts>,
    pub(super) last_applied: OpTime,
    /// What the engine holds.
    pub(super) absorbed_through: OpTime,
    /// What it holds durably.
    pub(super) applied_through: OpTime,
    /// When it was made durable last.
    pub(super) flushed: Instant,
    /// Bytes that it was given since, about.
    pub(super) unflushed_bytes: usize,
    /// Oldest point that can be read or rolled back to: `absorbed_through`, or that of the batch under way.
    pub(super) readable_from: OpTime,
    pub(super) next_tree: u32,
    pub(super) in_flight: Option<InFlight>,
    pub(super) absorber: Absorber,
}

/// Keys in [`Room::Catalog`].
pub(super) mod catalog_key {
    use super::TreeId;

    pub(in crate::storage::store) const APPLIED_THROUGH: &[u8] = b"applied_through";
    pub(in crate::storage::store) const NEXT_TREE: &[u8] = b"next_tree";
    pub(in crate::storage::store) const COLLECTION: &[u8] = b"collection:";
    pub(in crate::storage::store) const COUNTS: &[u8] = b"counts:";
    pub(in crate::storage::store) const DEAD_TREE: &[u8] = b"dead_tree:";

    pub(in crate::storage::store) fn of_tree(prefix: &[u8], tree: TreeId) -> Vec<u8> {
        [prefix, &tree.0.to_be_bytes()].concat()
    }

    pub(in crate::storage::store) fn of_collection(ns: &str) -> Vec<u8> {
        [COLLECTION, ns.as_bytes()].concat()
    }
}

impl Store {
    /// Opens the store of the data directory `dbpath`, creating it when missing.
    ///
    /// # Errors
    /// If the engine's files can't be used or are damaged.
    pub fn open(dbpath: &Path, options: StoreOptions) -> Result<Self, StoreError> {
        home::finish_wipe(dbpath)?;
        let path = home::engine_directory(dbpath);
        let opened =
            home::make(dbpath, options.engine).and_then(|()| FjallEngine::open(&path, options.engine));
        let engine = opened.map_err(|source| StoreError::Open { path, source })?;
        let mut store = Self::with_engine(Arc::new(engine))?;
        store.home = Some((dbpath.to_owned(), options));
        Ok(store)
    }

    /// Forgets everything, on disk too: the first step of initial sync. A crash in the middle leaves the old data
    /// or none.
    ///
    /// # Errors
    /// If the engine's files can't be removed or made anew.
    pub fn wipe(&mut self) -> Result<(), StoreError> {
        let home = self.home.clone();
        // The old engine has to be closed before its files go.
        *self = Self::with_engine(Arc::new(MemoryEngine::default()))?;
        if let Some((dbpath, options)) = home {
            home::begin_wipe(&dbpath)?;
            *self = Self::open(&dbpath, options)?;
        }
        Ok(())
    }

    /// Opens the store on an engine.
    ///
    /// # Errors
    /// If the engine can't be read or holds what isn't ours.
    pub fn with_engine(engine: Arc<dyn Engine>) -> Result<Self, StoreError> {
        let read = |key: &[u8]| engine.get(Room::Catalog, key);
        let applied_through = match read(catalog_key::APPLIED_THROUGH)? {
            Some(bytes) => decode(&bytes, "applied_through")?,
            None => OpTime::NULL,
        };
        let next_tree = match read(catalog_key::NEXT_TREE)? {
            Some(bytes) => decode(&bytes, "next_tree")?,
            None => 1,
        };
        let rows = |prefix: &[u8]| engine.scan(Room::Catalog, &KeyRange::prefix(prefix), PageLimit::NONE);
        let mut catalog = Catalog::default();
        for (key, value) in rows(catalog_key::COLLECTION)? {
            let ns = std::str::from_utf8(&key[catalog_key::COLLECTION.len()..])
                .map_err(|_| StoreError::Corrupt("a collection's name is no UTF-8".to_owned()))?;
            let collection: Collection = decode(&value, ns)?;
            catalog.put(&Arc::from(ns), applied_through, Some(Arc::new(collection)));
        }
        let mut counts = BTreeMap::new();
        for (key, value) in rows(catalog_key::COUNTS)? {
            counts.insert(tree_in(&key, catalog_key::COUNTS)?, decode(&value, "counts")?);
        }
        let mut dead = BTreeMap::new();
        for (key, value) in rows(catalog_key::DEAD_TREE)? {
            let room = match decode::<bool>(&value, "dead tree")? {
                true => Room::Documents,
                false => Room::Indexes,
            };
            dead.insert(tree_in(&key, catalog_key::DEAD_TREE)?, room);
        }
        let absorber = Absorber::start(Arc::clone(&engine), dead, counts.clone())?;
        Ok(Self {
            home: None,
            engine,
            overlay: Overlay::default(),
            catalog,
            journal: VecDeque::new(),
            counts,
            last_applied: applied_through,
            absorbed_through: applied_through,
            applied_through,
            flushed: Instant::now(),
            unflushed_bytes: 0,
            readable_from: applied_through,
            next_tree,
            in_flight: None,
            absorber,
        })
    }

    /// Newest optime applied, in memory.
    #[must_use]
    pub fn last_applied(&self) -> OpTime {
        self.last_applied
    }

    /// The engine holds everything up to here, durably. Replay starts after it, and the log may drop what is not
    /// above it ([`crate::storage::log::Log::set_floor`]).
    #[must_use]
    pub fn applied_through(&self) -> OpTime {
        self.applied_through
    }

    /// The oldest point that can be read. Everything up to it was committed.
    #[must_use]
    pub fn readable_from(&self) -> OpTime {
        self.readable_from
    }

    /// Memory of the overlay, roughly. When it grows beyond a budget, writers have to be slowed down.
    #[must_use]
    pub fn overlay_bytes(&self) -> usize {
        self.overlay.bytes()
    }

    /// Bytes of the engine on disk.
    ///
    /// # Errors
    /// If the engine can't tell.
    pub fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.engine.disk_bytes()?)
    }

    /// A key as the engine knows it.
    pub(super) fn engine_key(tree: TreeId, key: &[u8]) -> Vec<u8> {
        [&tree.0.to_be_bytes(), key].concat()
    }
}

fn tree_in(key: &[u8], prefix: &[u8]) -> Result<TreeId, StoreError> {
    key[prefix.len()..]
        .try_into()
        .map(|bytes| TreeId(u32::from_be_bytes(bytes)))
        .map_err(|_| StoreError::Corrupt("a tree's number has a wrong length".to_owned()))
}

fn decode<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8], what: &str) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|error| StoreError::Corrupt(format!("{what}: {error}")))
}
