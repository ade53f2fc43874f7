//! Reading ranges, a page at a time. No snapshot is held between pages: a cursor remembers its last key and
//! reads on at its point.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::Arc;

use protocol::optime::OpTime;

use super::catalog::TreeId;
use super::data::Store;
use super::engine::{KeyRange, Order, PageLimit, Room, Row, after_prefix};
use super::error::StoreError;
use super::read::ReadAt;

/// Rows asked of the engine at a time.
const ENGINE_ROWS: usize = 256;
/// Bytes asked of the engine at a time.
const ENGINE_BYTES: usize = 1 << 20;

/// Documents of a range.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Key and BSON bytes of each, in the order asked for.
    pub documents: Vec<Row>,
    /// Nothing follows. Otherwise read on with [`KeyRange::resumed_after`] the last key.
    pub is_last: bool,
}

/// An entry of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexHit {
    /// The encoded values followed by the document's key; what [`KeyRange::resumed_after`] takes.
    pub entry: Vec<u8>,
    /// Key of the document.
    pub id_key: Vec<u8>,
}

/// Entries of a range of an index.
#[derive(Clone, Debug, Default)]
pub struct IndexPage {
    /// The entries in the order asked for. A document with arrays may come several times.
    pub hits: Vec<IndexHit>,
    /// Nothing follows.
    pub is_last: bool,
}

impl Store {
    /// Documents of a collection by key. A collection that doesn't exist is empty.
    ///
    /// # Errors
    /// [`StoreError::SnapshotTooOld`], or the engine's.
    pub fn page(&self, ns: &str, range: &KeyRange, at: ReadAt, limit: PageLimit) -> Result<Page, StoreError> {
        let at = self.point(at)?;
        let Some(collection) = self.catalog.get(ns, at) else {
            return Ok(Page {
                documents: Vec::new(),
                is_last: true,
            });
        };
        let (documents, is_last) = self.rows(Room::Documents, collection.tree, range, at, limit)?;
        Ok(Page { documents, is_last })
    }

    /// Entries of an index, by encoded values and then by document key. Make bounds with
    /// [`crate::storage::key::encode`] in the directions of the index's fields; all entries with given leading
    /// values are [`KeyRange::prefix`] of their encodings.
    ///
    /// # Errors
    /// [`StoreError::IndexNotFound`], [`StoreError::SnapshotTooOld`], or the engine's.
    pub fn index_page(
        &self,
        ns: &str,
        index: &str,
        range: &KeyRange,
        at: ReadAt,
        limit: PageLimit,
    ) -> Result<IndexPage, StoreError> {
        let at = self.point(at)?;
        let index = self
            .catalog
            .get(ns, at)
            .and_then(|collection| collection.index(index))
            .ok_or_else(|| StoreError::IndexNotFound(format!("{ns}: {index}")))?;
        let (rows, is_last) = self.rows(Room::Indexes, index.tree, range, at, limit)?;
        let hits = rows
            .into_iter()
            .map(|(entry, id_key)| IndexHit {
                entry,
                id_key: id_key.to_vec(),
            })
            .collect();
        Ok(IndexPage { hits, is_last })
    }

    /// Rows of one tree: the overlay's versions at `at` merged over the engine's. Says also whether nothing
    /// follows.
    pub(super) fn rows(
        &self,
        room: Room,
        tree: TreeId,
        range: &KeyRange,
        at: OpTime,
        limit: PageLimit,
    ) -> Result<(Vec<Row>, bool), StoreError> {
        let mut overlay = self.overlay.range(tree, range).peekable();
        let mut engine = EngineRows::new(self, room, tree, range, limit);
        let mut rows = Vec::new();
        let mut bytes = 0;
        loop {
            let order = match (overlay.peek(), engine.peek()?) {
                (None, None) => return Ok((rows, true)),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some((new, _)), Some(old)) => match range.order {
                    Order::Forward => new[..].cmp(old),
                    Order::Backward => old.cmp(&new[..]),
                },
            };
            if rows.len() >= limit.rows || bytes >= limit.bytes {
                return Ok((rows, false));
            }
            let chain = if order.is_le() { overlay.next() } else { None };
            let stored = if order.is_ge() { engine.next() } else { None };
            let row = match chain.map(|(key, chain)| (key, chain.visible(at))) {
                Some((key, Some(version))) => version.map(|value| (key.to_vec(), Arc::clone(value))),
                Some((_, None)) | None => stored,
            };
            if let Some(row) = row {
                bytes += row.1.len();
                rows.push(row);
            }
        }
    }
}

/// The engine's rows of one tree, fetched in pieces.
struct EngineRows<'a> {
    store: &'a Store,
    room: Room,
    range: KeyRange,
    limit: PageLimit,
    fetched: VecDeque<Row>,
    is_exhausted: bool,
}

impl<'a> EngineRows<'a> {
    fn new(store: &'a Store, room: Room, tree: TreeId, range: &KeyRange, limit: PageLimit) -> Self {
        let within = |bound: &Bound<Vec<u8>>| bound.as_ref().map(|key| Store::engine_key(tree, key));
        let prefix = tree.0.to_be_bytes();
        let lower = match within(&range.lower) {
            Bound::Unbounded => Bound::Included(prefix.to_vec()),
            bound => bound,
        };
        let upper = match within(&range.upper) {
            Bound::Unbounded => after_prefix(&prefix),
            bound => bound,
        };
        Self {
            store,
            room,
            range: KeyRange {
                lower,
                upper,
                order: range.order,
            },
            limit: PageLimit {
                rows: limit.rows.clamp(1, ENGINE_ROWS),
                bytes: limit.bytes.clamp(1, ENGINE_BYTES),
            },
            fetched: VecDeque::new(),
            is_exhausted: false,
        }
    }

    /// The next row's key within the tree.
    fn peek(&mut self) -> Result<Option<&[u8]>, StoreError> {
        if self.fetched.is_empty() && !self.is_exhausted {
            let rows = self.store.engine.scan(self.room, &self.range, self.limit)?;
            match rows.last() {
                Some((last, _)) => self.range = self.range.clone().resumed_after(last),
                None => self.is_exhausted = true,
            }
            self.fetched = rows.into();
        }
        Ok(self.fetched.front().map(|(key, _)| &key[size_of::<u32>()..]))
    }

    fn next(&mut self) -> Option<Row> {
        let (key, value) = self.fetched.pop_front()?;
        Some((key[size_of::<u32>()..].to_vec(), value))
    }
}
