//! An ordered store of bytes: all that the data needs of a storage engine.

use std::ops::Bound;
use std::sync::Arc;

/// The parts of an engine. Each is ordered by key on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Room {
    /// Collections, counters, how far the engine is.
    Catalog,
    /// Documents of all collections.
    Documents,
    /// Entries of all secondary indexes.
    Indexes,
}

/// An ordered store of bytes behind the oplog. It is only ever given what is committed, and need not be durable
/// before [`Engine::flush`] returns.
pub trait Engine: Send + Sync + std::fmt::Debug + 'static {
    /// The value of a key.
    ///
    /// # Errors
    /// If the engine can't read or finds damage.
    fn get(&self, room: Room, key: &[u8]) -> Result<Option<Arc<[u8]>>, EngineError>;

    /// Rows of a range in its order, until `limit` is reached. No snapshot is held afterwards.
    ///
    /// # Errors
    /// If the engine can't read or finds damage.
    fn scan(&self, room: Room, range: &KeyRange, limit: PageLimit) -> Result<Vec<Row>, EngineError>;

    /// Makes all items of a batch visible at once; after a crash all of them are there or none.
    ///
    /// # Errors
    /// If the engine can't write. The engine is then not to be used any more.
    fn apply_batch(&self, batch: Batch) -> Result<(), EngineError>;

    /// Returns when all batches so far survive a power cut.
    ///
    /// # Errors
    /// If the engine can't write. The engine is then not to be used any more.
    fn flush(&self) -> Result<(), EngineError>;

    /// Bytes on disk (0 for an engine in memory).
    ///
    /// # Errors
    /// If the engine can't tell.
    fn disk_bytes(&self) -> Result<u64, EngineError>;
}

/// Writes that belong together.
pub type Batch = Vec<BatchItem>;

/// One write: the key's new value, or its removal.
#[derive(Clone, Debug)]
pub struct BatchItem {
    /// Where.
    pub room: Room,
    /// Which.
    pub key: Vec<u8>,
    /// The new value; `None` removes the key.
    pub value: Option<Arc<[u8]>>,
}

/// A key and its value.
pub type Row = (Vec<u8>, Arc<[u8]>);

/// In which order rows come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Small keys first.
    Forward,
    /// Large keys first.
    Backward,
}

/// A range of keys, with the order in which it is read.
#[derive(Clone, Debug)]
pub struct KeyRange {
    /// Low end.
    pub lower: Bound<Vec<u8>>,
    /// High end.
    pub upper: Bound<Vec<u8>>,
    /// Order of the rows.
    pub order: Order,
}

impl KeyRange {
    /// All keys, small ones first.
    #[must_use]
    pub fn all() -> Self {
        Self {
            lower: Bound::Unbounded,
            upper: Bound::Unbounded,
            order: Order::Forward,
        }
    }

    /// All keys that begin with `prefix`, small ones first.
    #[must_use]
    pub fn prefix(prefix: &[u8]) -> Self {
        Self {
            lower: Bound::Included(prefix.to_vec()),
            upper: after_prefix(prefix),
            order: Order::Forward,
        }
    }

    /// The rest of this range after a row with `key` was read.
    #[must_use]
    pub fn resumed_after(mut self, key: &[u8]) -> Self {
        let bound = Bound::Excluded(key.to_vec());
        match self.order {
            Order::Forward => self.lower = bound,
            Order::Backward => self.upper = bound,
        }
        self
    }

    /// The same keys in the other order.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.order = match self.order {
            Order::Forward => Order::Backward,
            Order::Backward => Order::Forward,
        };
        self
    }

    /// Can no key be in it? Ordered maps refuse such ranges with a panic, so they are sorted out before.
    pub(super) fn is_empty(&self) -> bool {
        match (&self.lower, &self.upper) {
            (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
            (Bound::Included(lower), Bound::Included(upper)) => lower > upper,
            (
                Bound::Included(lower) | Bound::Excluded(lower),
                Bound::Included(upper) | Bound::Excluded(upper),
            ) => lower >= upper,
        }
    }

    pub(super) fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        (
            self.lower.as_ref().map(Vec::as_slice),
            self.upper.as_ref().map(Vec::as_slice),
        )
    }
}

/// The bound above all keys that begin with `prefix`.
pub(super) fn after_prefix(prefix: &[u8]) -> Bound<Vec<u8>> {
    match prefix.iter().rposition(|byte| *byte != u8::MAX) {
        None => Bound::Unbounded,
        Some(last) => {
            let mut next = prefix[..=last].to_vec();
            next[last] += 1;
            Bound::Excluded(next)
        }
    }
}

/// How much one read may bring. At least one row comes, however large.
#[derive(Clone, Copy, Debug)]
pub struct PageLimit {
    /// Most rows.
    pub rows: usize,
    /// No further row once this many bytes of values are there.
    pub bytes: usize,
}

impl PageLimit {
    /// Everything.
    pub const NONE: Self = Self {
        rows: usize::MAX,
        bytes: usize::MAX,
    };
}

/// What an engine met.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine's own words.
    #[error("storage engine: {0}")]
    Engine(#[from] fjall::Error),
    /// A data directory that an earlier version of this program wrote.
    #[error(
        "the data were written by an earlier version in another format; start with an empty directory, and the member copies them from another one"
    )]
    OldFormat,
    /// A file operation around the engine.
    #[error("storage engine: {0}")]
    Io(#[from] std::io::Error),
}
