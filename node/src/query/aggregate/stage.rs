//! One step of a pipeline.

use bson::Document;

use super::source::Source;
use crate::query::error::QueryResult;

/// A stage with its state.
pub trait Stage: Send {
    /// The next document of this stage, made from those of `input`.
    fn next(&mut self, input: &mut dyn Source) -> QueryResult<Option<Document>>;

    /// Whether the stage must see all input before its first document.
    fn blocks(&self) -> bool {
        false
    }
}

/// Takes all that is left of a source, within `bytes_max`.
pub(super) fn drain(input: &mut dyn Source, stage: &str, bytes_max: usize) -> QueryResult<Vec<Document>> {
    let mut documents = Vec::new();
    let mut budget = MemoryBudget::new(stage, bytes_max);
    while let Some(document) = input.next()? {
        budget.spend(&document)?;
        documents.push(document);
    }
    Ok(documents)
}

/// What a blocking stage may hold, in bytes of BSON (MongoDB's 100 MB), unless a parameter says otherwise.
pub const MEMORY_BYTES_MAX: usize = 100 * 1024 * 1024;

/// Counts what a stage holds.
pub(super) struct MemoryBudget {
    left: usize,
    max: usize,
    stage: String,
}

impl MemoryBudget {
    pub(super) fn new(stage: &str, max: usize) -> Self {
        Self {
            left: max,
            max,
            stage: stage.to_owned(),
        }
    }

    /// Takes a document's size off, or fails with code 292: nothing is ever moved to disk.
    pub(super) fn spend(&mut self, document: &Document) -> QueryResult<()> {
        let size = crate::query::types::estimate_bytes(document);
        self.left = self.left.checked_sub(size).ok_or_else(|| {
            crate::query::QueryError::new(
                crate::error_code::ErrorCode::QUERY_EXCEEDED_MEMORY_LIMIT_NO_DISK_USE_ALLOWED,
                format!(
                    "PlanExecutor error during aggregation :: caused by :: {} exceeded memory limit of {} bytes, but \
                     did not opt in to external sorting (there is none)",
                    self.stage, self.max
                ),
            )
        })?;
        Ok(())
    }
}
