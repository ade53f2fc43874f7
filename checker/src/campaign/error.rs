//! What can go wrong with a campaign.

use std::path::PathBuf;

use crate::{record::error::RecordError, report::ReportError};

/// A campaign could not be planned, run or merged.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// A results file could not be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A page could not be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A plan or a list of known issues is not what it should be.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why, with line and column where known.
        reason: String,
    },
    /// The shard is not one.
    #[error("{source_name}: {reason}")]
    Shard {
        /// The option or the environment variable that named it.
        source_name: String,
        /// Why.
        reason: String,
    },
    /// The results are of another plan: merging both would mix two questions.
    #[error("{}: these results are of another campaign ({found}); this one is {wanted}", path.display())]
    Mixed {
        /// The results.
        path: PathBuf,
        /// What stands there.
        found: String,
        /// What was asked for.
        wanted: String,
    },
}
