//! Why a page could not be made.

use crate::record::error::RecordError;

/// A page could not be made or served.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The run's directory refused.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The data of the page could not be packed.
    #[error("the page's data could not be packed: {0}")]
    Pack(#[from] std::io::Error),
    /// The data of the page could not become JSON.
    #[error("the page's data could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}
