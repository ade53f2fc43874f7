//! `$sort`.

use bson::{Bson, Document, doc};

use super::pipeline::StageContext;
use super::source::Source;
use super::stage::{Stage, drain};
use crate::query::error::{QueryError, QueryResult};
use crate::query::sort::SortPattern;

/// `$sort`.
pub(super) fn parse(specification: &Bson, context: &StageContext) -> QueryResult<Box<dyn Stage>> {
    let pattern = specification
        .as_document()
        .ok_or_else(|| QueryError::location(15973, "the $sort key specification must be an object"))?;
    if pattern.is_empty() {
        return Err(QueryError::location(
            15976,
            "$sort stage must have at least one sort key",
        ));
    }
    Ok(Box::new(Sort {
        pattern: SortPattern::parse(pattern)?,
        memory_bytes_max: context.memory_bytes_max,
        sorted: None,
    }))
}

/// The second half of `$sortByCount`.
pub(super) fn by_count_descending(context: &StageContext) -> QueryResult<Box<dyn Stage>> {
    Ok(Box::new(Sort {
        pattern: SortPattern::parse(&doc! { "count": -1 })?,
        memory_bytes_max: context.memory_bytes_max,
        sorted: None,
    }))
}

struct Sort {
    pattern: SortPattern,
    memory_bytes_max: usize,
    sorted: Option<std::vec::IntoIter<Document>>,
}

impl Stage for Sort {
    fn next(&mut self, input: &mut dyn Source) -> QueryResult<Option<Document>> {
        if self.sorted.is_none() {
            self.sorted = Some(
                self.pattern
                    .sort(drain(input, "Sort", self.memory_bytes_max)?)
                    .into_iter(),
            );
        }
        Ok(self.sorted.as_mut().and_then(Iterator::next))
    }

    fn blocks(&self) -> bool {
        true
    }
}
