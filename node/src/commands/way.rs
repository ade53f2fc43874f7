//! Following a plan through the store, a page at a time.

use std::collections::{BTreeSet, VecDeque};

use super::access::{Path, Plan};
use super::error::CommandError;
use crate::storage::store::{KeyRange, PageLimit, ReadAt, Row, Store, StoreError};

/// Documents looked at between two looks at the budget.
const PAGE: PageLimit = PageLimit {
    rows: 256,
    bytes: 1 << 20,
};

/// Document keys that an index scan remembers; beyond it a document with an array may come twice.
pub const SEEN_MAX: usize = 1_000_000;

/// What is left of a way to the documents.
#[derive(Default)]
pub struct Way {
    ids: VecDeque<Vec<u8>>,
    index: Option<String>,
    ranges: VecDeque<KeyRange>,
    /// The alternatives that come after this one.
    later: VecDeque<Plan>,
    /// Is this one of several alternatives, on which the same document may lie?
    is_one_of_several: bool,
    /// Keys that came before: in an index a document with an array has several entries, and an update may move it.
    seen: BTreeSet<Vec<u8>>,
    /// The documents come in the order that was wished for.
    pub sorts: bool,
    /// Entries of indexes read so far.
    pub keys_examined: i64,
}

impl Way {
    /// The beginning of a way.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let mut way = Self {
            sorts: plan.sorts,
            ..Self::default()
        };
        match plan.path {
            Path::Either(plans) => {
                way.is_one_of_several = true;
                way.later = plans.into();
            }
            path => way.take(path),
        }
        way
    }

    fn take(&mut self, path: Path) {
        match path {
            Path::Ids(ids) => self.ids = ids.into(),
            Path::Keys(ranges) => {
                self.index = None;
                self.ranges = ranges.into();
            }
            Path::Index(name, ranges) => {
                self.index = Some(name);
                self.ranges = ranges.into();
            }
            Path::Either(plans) => self.later.extend(plans),
        }
    }

    /// The next page of documents of `ns`; empty at the end only.
    ///
    /// # Errors
    /// The store's; 175 when the index is gone.
    pub fn page(&mut self, ns: &str, store: &Store, at: ReadAt) -> Result<VecDeque<Row>, CommandError> {
        loop {
            let rows = self.page_of_one(ns, store, at)?;
            if !rows.is_empty() {
                return Ok(rows);
            }
            match self.later.pop_front() {
                Some(plan) => self.take(plan.path),
                None => return Ok(rows),
            }
        }
    }

    fn page_of_one(&mut self, ns: &str, store: &Store, at: ReadAt) -> Result<VecDeque<Row>, CommandError> {
        while let Some(key) = self.ids.pop_front() {
            self.keys_examined += 1;
            if self.is_one_of_several && was_seen(&mut self.seen, &key) {
                continue;
            }
            if let Some(bytes) = store.get(ns, &key, at)? {
                return Ok(VecDeque::from([(key, bytes)]));
            }
        }
        while let Some(range) = self.ranges.pop_front() {
            let (rows, last, is_last) = match &self.index {
                None => {
                    let page = store.page(ns, &range, at, PAGE)?;
                    let last = page.documents.last().map(|(key, _)| key.clone());
                    let mut rows = page.documents;
                    if self.is_one_of_several {
                        rows.retain(|(key, _)| !was_seen(&mut self.seen, key));
                    }
                    (rows, last, page.is_last)
                }
                Some(index) => {
                    let page = match store.index_page(ns, index, &range, at, PAGE) {
                        // Dropped since the scan began: MongoDB ends such a cursor, too.
                        Err(StoreError::IndexNotFound(_)) => {
                            return Err(CommandError::new(175, format!("index '{index}' dropped")));
                        }
                        page => page?,
                    };
                    let last = page.hits.last().map(|hit| hit.entry.clone());
                    let mut rows = Vec::new();
                    for hit in page.hits {
                        self.keys_examined += 1;
                        if was_seen(&mut self.seen, &hit.id_key) {
                            continue;
                        }
                        rows.extend(store.get(ns, &hit.id_key, at)?.map(|bytes| (hit.id_key, bytes)));
                    }
                    (rows, last, page.is_last)
                }
            };
            if !is_last && let Some(last) = last {
                self.ranges.push_front(range.resumed_after(&last));
            }
            if !rows.is_empty() {
                return Ok(rows.into());
            }
        }
        Ok(VecDeque::new())
    }
}

/// Did this key come before? From now on it did, as far as that can be remembered.
fn was_seen(seen: &mut BTreeSet<Vec<u8>>, key: &[u8]) -> bool {
    seen.len() < SEEN_MAX && !seen.insert(key.to_vec())
}
