//! Where a pipeline's documents come from.

use bson::Document;

use crate::query::error::QueryResult;

/// Gives documents one by one.
pub trait Source {
    /// The next document, or `None` when there is none (now: a tailing source may have one later).
    fn next(&mut self) -> QueryResult<Option<Document>>;

    /// The documents of another collection, for `$lookup`; `None` when this source knows none.
    fn foreign(&mut self, collection: &str) -> QueryResult<Vec<Document>> {
        let _ = collection;
        Ok(Vec::new())
    }
}

/// No documents.
#[derive(Debug)]
pub struct Empty;

impl Source for Empty {
    fn next(&mut self) -> QueryResult<Option<Document>> {
        Ok(None)
    }
}

/// Documents at hand.
#[derive(Debug)]
pub struct FromVec(std::vec::IntoIter<Document>);

impl FromVec {
    /// Gives these documents in order.
    pub fn new(documents: Vec<Document>) -> Self {
        Self(documents.into_iter())
    }
}

impl Source for FromVec {
    fn next(&mut self) -> QueryResult<Option<Document>> {
        Ok(self.0.next())
    }
}
