//! Finding the documents that match a filter: by `_id` or an index where the filter names one, else page by page.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use bson::{Bson, Document, RawDocumentBuf};

use super::access::{self, Path};
use super::command::ReadAccess;
use super::error::CommandError;
use crate::query::QueryError;
use crate::query::expression::Variables;
use crate::query::matcher::Matcher;
use crate::query::projection::Projection;
use crate::storage::store::{KeyRange, Order, PageLimit, ReadAt, Row, Store, StoreError};

/// The collection that holds the set's configuration (S0-08).
pub(super) const CONFIGURATION: &str = "local.system.replset";
/// What the member calls itself, as a collection (S4-05).
pub(super) const ME: &str = "local.me";

/// Documents looked at between two looks at the budget.
const PAGE: PageLimit = PageLimit {
    rows: 256,
    bytes: 1 << 20,
};

/// Document keys that an index scan remembers; beyond it a document with an array may come twice.
const SEEN_MAX: usize = 1_000_000;

impl From<QueryError> for CommandError {
    fn from(error: QueryError) -> Self {
        Self {
            code: error.code,
            message: error.message,
            duplicate: None,
        }
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::SnapshotTooOld { .. } => 239,
            StoreError::NamespaceNotFound(_) => 26,
            StoreError::IndexNotFound(_) => 27,
            StoreError::Key(_) => 2,
            _ => 1,
        };
        Self::new(code, error.to_string())
    }
}

/// A scan that can be left and gone on with. It goes by key or by a secondary index, whatever the filter allows,
/// and gives each document once.
pub struct Scan {
    ns: String,
    matcher: Matcher,
    /// How the documents are found; chosen at the first step, when the collection is at hand.
    way: Option<Way>,
    page: VecDeque<Row>,
    examined: i64,
    last_bytes: usize,
    shape: Shape,
    /// A result that found no room in a batch.
    ready: Option<(Vec<u8>, Document)>,
}

/// What becomes of the documents that match.
struct Shape {
    skip: usize,
    left: usize,
    projection: Option<Projection>,
}

/// What is left of a way to the documents.
#[derive(Default)]
struct Way {
    ids: VecDeque<Vec<u8>>,
    index: Option<String>,
    ranges: VecDeque<KeyRange>,
    /// Keys that an index gave before: a document with an array has several entries, and an update may move it.
    seen: BTreeSet<Vec<u8>>,
}

impl Scan {
    /// A scan of `ns` for `filter`, which may use `variables`.
    ///
    /// # Errors
    /// When the filter is none.
    pub fn new(ns: &str, filter: &Document, variables: &Variables) -> Result<Self, CommandError> {
        Ok(Self {
            ns: ns.to_owned(),
            matcher: Matcher::compile(filter, variables)?,
            way: None,
            page: VecDeque::new(),
            examined: 0,
            last_bytes: 0,
            ready: None,
            shape: Shape {
                skip: 0,
                left: usize::MAX,
                projection: None,
            },
        })
    }

    /// A scan of a collection, or of one that the member keeps for itself and shows in `local`.
    ///
    /// # Errors
    /// When the filter is none.
    pub fn on(
        access: &ReadAccess<'_>,
        ns: &str,
        filter: &Document,
        variables: &Variables,
    ) -> Result<Self, CommandError> {
        let scan = Self::new(ns, filter, variables)?;
        let own = match ns {
            CONFIGURATION => &access.facts.config,
            ME => &access.facts.me,
            _ => return Ok(scan),
        };
        let rows = own.iter().map(|document| {
            let bytes = raw(document)?.into_bytes();
            Ok((Vec::new(), Arc::from(bytes)))
        });
        Ok(Self {
            page: rows.collect::<Result<_, CommandError>>()?,
            way: Some(Way::default()),
            ..scan
        })
    }

    /// The same scan in the order of keys.
    #[must_use]
    pub fn by_key(self, order: Order) -> Self {
        if self.way.is_some() {
            // All there is is at hand already.
            return self;
        }
        let mut way = Way::new(access::choose(&self.matcher.root, None));
        if order == Order::Backward {
            way.ids = way.ids.into_iter().rev().collect();
            way.ranges = way.ranges.into_iter().rev().map(KeyRange::reversed).collect();
        }
        Self {
            way: Some(way),
            ..self
        }
    }

    /// The same scan, of which the first matches are left out, no more than `limit` come, and each as the projection
    /// makes it.
    #[must_use]
    pub fn shaped(self, skip: usize, limit: Option<usize>, projection: Option<Projection>) -> Self {
        let left = limit.unwrap_or(usize::MAX);
        let shape = Shape {
            skip,
            left,
            projection,
        };
        Self { shape, ..self }
    }

    /// Is its limit reached? Then nothing needs to be asked for any more.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.shape.left == 0 && self.ready.is_none()
    }

    /// Bytes of the document given last, as it is stored.
    #[must_use]
    pub fn last_bytes(&self) -> usize {
        self.last_bytes
    }

    /// What must match.
    #[must_use]
    pub fn matcher(&self) -> &Matcher {
        &self.matcher
    }

    /// Gives a result back, to be the next one.
    pub fn put_back(&mut self, key: Vec<u8>, document: Document) {
        self.ready = Some((key, document));
    }

    /// Documents looked at so far.
    #[must_use]
    pub fn examined(&self) -> i64 {
        self.examined
    }

    /// The next matching document and its key.
    ///
    /// # Errors
    /// The store's, or the filter's on a document it can't judge.
    pub fn next(&mut self, store: &Store, at: ReadAt) -> Result<Option<(Vec<u8>, Document)>, CommandError> {
        if let Some(ready) = self.ready.take() {
            return Ok(Some(ready));
        }
        if self.shape.left == 0 {
            return Ok(None);
        }
        loop {
            while let Some((key, bytes)) = self.page.pop_front() {
                let document = tree(&bytes)?;
                self.examined += 1;
                if !self.matcher.matches(&document)? {
                    continue;
                }
                if self.shape.skip > 0 {
                    self.shape.skip -= 1;
                    continue;
                }
                self.shape.left -= 1;
                self.last_bytes = bytes.len();
                let document = project(self.shape.projection.as_ref(), &self.matcher, document)?;
                return Ok(Some((key, document)));
            }
            if !self.fill(store, at)? {
                return Ok(None);
            }
        }
    }

    /// Reads the next page; false at the end.
    fn fill(&mut self, store: &Store, at: ReadAt) -> Result<bool, CommandError> {
        if self.way.is_none() {
            let collection = store.collection(&self.ns, at)?;
            self.way = Some(Way::new(access::choose(
                &self.matcher.root,
                collection.as_deref(),
            )));
        }
        let Some(way) = self.way.as_mut() else {
            return Ok(false);
        };
        while let Some(key) = way.ids.pop_front() {
            if let Some(bytes) = store.get(&self.ns, &key, at)? {
                self.page.push_back((key, bytes));
                return Ok(true);
            }
        }
        while let Some(range) = way.ranges.pop_front() {
            let (rows, last, is_last) = match &way.index {
                None => {
                    let page = store.page(&self.ns, &range, at, PAGE)?;
                    let last = page.documents.last().map(|(key, _)| key.clone());
                    (page.documents, last, page.is_last)
                }
                Some(index) => {
                    let page = match store.index_page(&self.ns, index, &range, at, PAGE) {
                        // Dropped since the scan began: MongoDB ends such a cursor, too.
                        Err(StoreError::IndexNotFound(_)) => {
                            return Err(CommandError::new(175, format!("index '{index}' dropped")));
                        }
                        page => page?,
                    };
                    let last = page.hits.last().map(|hit| hit.entry.clone());
                    let mut rows = Vec::new();
                    for hit in page.hits {
                        if way.seen.len() < SEEN_MAX && !way.seen.insert(hit.id_key.clone()) {
                            continue;
                        }
                        rows.extend(
                            store
                                .get(&self.ns, &hit.id_key, at)?
                                .map(|bytes| (hit.id_key, bytes)),
                        );
                    }
                    (rows, last, page.is_last)
                }
            };
            if !is_last && let Some(last) = last {
                way.ranges.push_front(range.resumed_after(&last));
            }
            if !rows.is_empty() {
                self.page = rows.into();
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A document as the projection makes it.
///
/// # Errors
/// The projection's.
pub(super) fn project(
    projection: Option<&Projection>,
    matcher: &Matcher,
    document: Document,
) -> Result<Document, CommandError> {
    let Some(projection) = projection else {
        return Ok(document);
    };
    let position = match projection.needs_position() {
        true => matcher.matches_at(&document)?.1,
        false => None,
    };
    Ok(projection.apply(&document, position)?)
}

impl Way {
    fn new(path: Path) -> Self {
        match path {
            Path::Ids(ids) => Self {
                ids: ids.into(),
                ..Self::default()
            },
            Path::Keys(ranges) => Self {
                ranges: ranges.into(),
                ..Self::default()
            },
            Path::Index(name, ranges) => Self {
                index: Some(name),
                ranges: ranges.into(),
                ..Self::default()
            },
        }
    }
}

/// `{_id: id}` in raw form.
///
/// # Errors
/// 2 when it can't be encoded.
pub fn id_document(id: &Bson) -> Result<RawDocumentBuf, CommandError> {
    let mut holder = Document::new();
    holder.insert("_id", id.clone());
    raw(&holder)
}

/// A document in raw form.
///
/// # Errors
/// 2 when it can't be encoded.
pub fn raw(document: &Document) -> Result<RawDocumentBuf, CommandError> {
    RawDocumentBuf::try_from(document).map_err(|error| CommandError::new(2, error.to_string()))
}

/// A stored document as a tree.
///
/// # Errors
/// 1 when the bytes are no document: the store is damaged.
pub fn tree(bytes: &[u8]) -> Result<Document, CommandError> {
    Document::from_reader(bytes).map_err(|error| CommandError::new(1, format!("stored document: {error}")))
}
