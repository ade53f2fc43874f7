//! A pipeline on its way: it can wait in a cursor between two batches.

use std::collections::VecDeque;

use bson::{Bson, Document};

use super::access::Hint;
use super::arguments::number;
use super::command::Facts;
use super::error::CommandError;
use super::scan::Scan;
use crate::query::aggregate::{MEMORY_BYTES_MAX, Pipeline, Source, StageContext};
use crate::query::expression::Variables;
use crate::query::{QueryError, QueryResult};
use crate::storage::store::{ReadAt, Store};

/// The parameter that limits what a stage may hold, as MongoDB calls it for `$group`.
const STAGE_LIMIT: &str = "internalDocumentSourceGroupMaxMemoryBytes";

/// Stages, and where their documents come from.
pub struct Running {
    /// The database whose collections `$lookup` reads.
    database: String,
    pipeline: Pipeline,
    input: Input,
    /// A result that found no room in a batch.
    ready: Option<Document>,
}

/// Where a pipeline's documents come from.
pub enum Input {
    /// They are at hand.
    Documents(VecDeque<Document>),
    /// They are still to be found.
    Scan(Box<Scan>),
}

impl Running {
    /// A pipeline that has not begun. `facts`: where its limits come from.
    ///
    /// # Errors
    /// When a stage can't be understood.
    pub fn new(
        ns: &str,
        input: Input,
        stages: &[Bson],
        variables: Variables,
        facts: Option<&Facts>,
    ) -> Result<Self, CommandError> {
        let context = StageContext {
            variables,
            seed: u64::try_from(bson::DateTime::now().timestamp_millis()).unwrap_or(0),
            memory_bytes_max: facts
                .and_then(|facts| facts.limit(STAGE_LIMIT))
                .unwrap_or(MEMORY_BYTES_MAX),
        };
        Ok(Self {
            database: ns.split('.').next().unwrap_or(ns).to_owned(),
            pipeline: Pipeline::parse(stages, &context)?,
            input,
            ready: None,
        })
    }

    /// The next document at the end.
    ///
    /// # Errors
    /// The stages' and the store's.
    pub fn next(&mut self, store: &Store, at: ReadAt) -> Result<Option<Document>, CommandError> {
        if let Some(ready) = self.ready.take() {
            return Ok(Some(ready));
        }
        let mut source = Pulled {
            database: &self.database,
            input: &mut self.input,
            store,
            at,
        };
        Ok(self.pipeline.next(&mut source)?)
    }

    /// Gives a result back, to be the next one.
    pub fn put_back(&mut self, document: Document) {
        self.ready = Some(document);
    }
}

/// What the front of a pipeline asks of the collection itself: it is taken off, and done where the documents are found.
pub struct Front {
    /// `$match`.
    pub filter: Document,
    /// `$sort`.
    pub sort: Document,
    /// More than so many are not wanted of those.
    pub limit: Option<usize>,
}

impl Front {
    /// Takes a `$match` and a `$sort` off the front, so that an index may answer them.
    ///
    /// # Errors
    /// 15959 when a filter is none, 15973 and 15976 when a sort is none.
    pub fn take(stages: &mut Vec<Bson>) -> Result<Self, CommandError> {
        let mut front = Self {
            filter: Document::new(),
            sort: Document::new(),
            limit: None,
        };
        if let Some(filter) = stage(stages, "$match") {
            let text = "the match filter must be an expression in an object";
            let filter = filter.as_document().cloned();
            front.filter = filter.ok_or_else(|| CommandError::new(15959, text))?;
            stages.remove(0);
        }
        // Any other sort is left to the stage, and to its errors.
        if let Some(Bson::Document(sort)) = stage(stages, "$sort")
            && !sort.is_empty()
            && !sort.contains_key("$natural")
        {
            front.sort = sort.clone();
            stages.remove(0);
        }
        let limit = stage(stages, "$limit").and_then(number);
        front.limit = limit
            .filter(|limit| *limit > 0)
            .and_then(|limit| usize::try_from(limit).ok());
        Ok(front)
    }

    /// The scan that does it. `begun` is a scan for the filter.
    ///
    /// # Errors
    /// When the sort is none.
    pub fn scan(&self, begun: Scan, hint: Hint) -> Result<Scan, CommandError> {
        Ok(begun.hinted(hint).sorted(&self.sort)?.shaped(0, self.limit, None))
    }
}

/// The specification of the first stage, if that is `name`.
fn stage<'a>(stages: &'a [Bson], name: &str) -> Option<&'a Bson> {
    let first = stages.first()?.as_document()?;
    if first.len() == 1 { first.get(name) } else { None }
}

/// A pipeline's input while it is asked for a document.
struct Pulled<'a> {
    database: &'a str,
    input: &'a mut Input,
    store: &'a Store,
    at: ReadAt,
}

impl Source for Pulled<'_> {
    fn next(&mut self) -> QueryResult<Option<Document>> {
        match self.input {
            Input::Documents(documents) => Ok(documents.pop_front()),
            Input::Scan(scan) => {
                let next = scan.next(self.store, self.at).map_err(failed)?;
                Ok(next.map(|(_, document)| document))
            }
        }
    }

    fn foreign(&mut self, collection: &str) -> QueryResult<Vec<Document>> {
        let ns = format!("{}.{collection}", self.database);
        let mut scan = Scan::new(&ns, &Document::new(), &Variables::new()).map_err(failed)?;
        let mut found = Vec::new();
        while let Some((_, document)) = scan.next(self.store, self.at).map_err(failed)? {
            found.push(document);
        }
        Ok(found)
    }
}

fn failed(error: CommandError) -> QueryError {
    QueryError::new(error.code, error.message)
}
