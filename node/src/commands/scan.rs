//! Finding the documents that match a filter: by `_id` or an index where the filter names one, else page by page.

use std::collections::VecDeque;
use std::sync::Arc;

use bson::{Bson, Document, RawDocumentBuf};

use super::access::{self, Hint, Path, Plan, Wish};
use super::arguments::number;
use super::command::ReadAccess;
use super::error::CommandError;
use super::sorter::{Found, Sorter};
use super::way::{SEEN_MAX, Way};
use crate::query::QueryError;
use crate::query::aggregate::MEMORY_BYTES_MAX;
use crate::query::expression::Variables;
use crate::query::matcher::Matcher;
use crate::query::projection::Projection;
use crate::query::sort::SortPattern;
use crate::storage::store::{Index, Order, ReadAt, Row, Store, StoreError};

/// The collection that holds the set's configuration (S0-08).
pub(super) const CONFIGURATION: &str = "local.system.replset";
/// What the member calls itself, as a collection (S4-05).
pub(super) const ME: &str = "local.me";

/// The parameter that limits what a sort may hold, as MongoDB calls it.
const SORT_LIMIT: &str = "internalQueryMaxBlockingSortMemoryUsageBytes";

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

/// A scan that can be left and gone on with. It goes by key or by a secondary index, whatever the filter and the wished
/// order allow, and gives each document once.
pub struct Scan {
    ns: String,
    matcher: Matcher,
    wish: Wish,
    hint: Hint,
    sort_bytes_max: usize,
    /// How the documents are found; chosen at the first step, when the collection is at hand.
    way: Option<Way>,
    page: VecDeque<Row>,
    /// All matches in order, when the way doesn't bring them so.
    sorted: Option<VecDeque<Found>>,
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

impl Scan {
    /// A scan of `ns` for `filter`, which may use `variables`.
    ///
    /// # Errors
    /// When the filter is none.
    pub fn new(ns: &str, filter: &Document, variables: &Variables) -> Result<Self, CommandError> {
        Ok(Self {
            ns: ns.to_owned(),
            matcher: Matcher::compile(filter, variables)?,
            wish: Wish::Any,
            hint: Hint::None,
            sort_bytes_max: MEMORY_BYTES_MAX,
            way: None,
            page: VecDeque::new(),
            sorted: None,
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
        let scan = Self {
            sort_bytes_max: access.facts.limit(SORT_LIMIT).unwrap_or(MEMORY_BYTES_MAX),
            ..Self::new(ns, filter, variables)?
        };
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

    /// The same scan in the order that a client's `sort` asks for; empty asks for none.
    ///
    /// # Errors
    /// When it is no sort pattern.
    pub fn sorted(self, sort: &Document) -> Result<Self, CommandError> {
        let wish = match sort.iter().next() {
            None => Wish::Any,
            Some((path, direction)) if path == "$natural" => match number(direction) {
                Some(1) => Wish::Natural(Order::Forward),
                Some(-1) => Wish::Natural(Order::Backward),
                _ => return Err(CommandError::new(2, "$natural sort must be 1 or -1")),
            },
            Some(_) => Wish::Sorted(SortPattern::parse(sort)?),
        };
        Ok(Self { wish, ..self })
    }

    /// The same scan, that goes where the client says.
    #[must_use]
    pub fn hinted(self, hint: Hint) -> Self {
        Self { hint, ..self }
    }

    /// The same scan, within keys of the hinted index: from `min` on, and before `max`.
    ///
    /// # Errors
    /// 51173 without a hint, 51174 when the keys are not the index's, 51175 when nothing can lie between.
    pub fn between(
        self,
        (store, at): (&Store, ReadAt),
        min: &Document,
        max: &Document,
    ) -> Result<Self, CommandError> {
        let collection = store.collection(&self.ns, at)?;
        let Some(collection) = collection.filter(|_| !(min.is_empty() && max.is_empty())) else {
            return Ok(self);
        };
        let plan = access::between(&self.hint, &collection, min, max)?;
        Ok(Self {
            way: Some(Way::new(plan)),
            ..self
        })
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

    /// Are its results the documents as they are stored?
    #[must_use]
    pub fn gives_whole(&self) -> bool {
        self.shape.projection.is_none()
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

    /// How the documents would be found now.
    ///
    /// # Errors
    /// The store's.
    pub fn plan(&self, store: &Store, at: ReadAt) -> Result<Plan, CommandError> {
        let collection = store.collection(&self.ns, at)?;
        let documents = match &collection {
            Some(found) if !found.indexes.is_empty() => store.counts(&self.ns, at)?.objects,
            _ => 0,
        };
        // Every document has an entry in an index that is not sparse: as many entries as documents, one each.
        let is_single = |index: &Index| {
            let entries = store.index_counts(&self.ns, &index.spec.name, at);
            !index.spec.is_sparse && entries.is_ok_and(|entries| entries.objects == documents)
        };
        let plan = access::choose(
            &self.matcher.root,
            &self.wish,
            &self.hint,
            collection.as_deref(),
            &is_single,
        );
        // Alternatives lead to the same document twice; more keys than can be remembered would give it twice.
        let many = i64::try_from(SEEN_MAX).unwrap_or(i64::MAX);
        if matches!(plan.path, Path::Either(_)) && store.counts(&self.ns, at)?.objects > many {
            return Ok(access::everything(&self.wish));
        }
        Ok(plan)
    }

    /// Entries of indexes read so far.
    #[must_use]
    pub fn keys_examined(&self) -> i64 {
        self.way.as_ref().map_or(0, |way| way.keys_examined)
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
        while let Some((key, document, bytes)) = self.next_in_order(store, at)? {
            if self.shape.skip > 0 {
                self.shape.skip -= 1;
                continue;
            }
            self.shape.left -= 1;
            self.last_bytes = bytes;
            let document = project(self.shape.projection.as_ref(), &self.matcher, document)?;
            return Ok(Some((key, document)));
        }
        Ok(None)
    }

    /// The next match in the order that is wished for.
    fn next_in_order(&mut self, store: &Store, at: ReadAt) -> Result<Option<Found>, CommandError> {
        if let Some(sorted) = &mut self.sorted {
            return Ok(sorted.pop_front());
        }
        if self.way.is_none() {
            self.way = Some(Way::new(self.plan(store, at)?));
        }
        let pattern = match (&self.wish, &self.way) {
            (Wish::Sorted(pattern), Some(way)) if !way.sorts => pattern.clone(),
            _ => return self.next_match(store, at),
        };
        let wanted = self.shape.skip.saturating_add(self.shape.left);
        let mut sorter = Sorter::new(pattern, wanted, self.sort_bytes_max);
        while let Some(found) = self.next_match(store, at)? {
            sorter.add(found)?;
        }
        self.sorted
            .insert(sorter.finish())
            .pop_front()
            .map_or(Ok(None), |found| Ok(Some(found)))
    }

    fn next_match(&mut self, store: &Store, at: ReadAt) -> Result<Option<Found>, CommandError> {
        loop {
            while let Some((key, bytes)) = self.page.pop_front() {
                let document = tree(&bytes)?;
                self.examined += 1;
                if self.matcher.matches(&document)? {
                    return Ok(Some((key, document, bytes.len())));
                }
            }
            let Some(way) = &mut self.way else {
                return Ok(None);
            };
            self.page = way.page(&self.ns, store, at)?;
            if self.page.is_empty() {
                return Ok(None);
            }
        }
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
