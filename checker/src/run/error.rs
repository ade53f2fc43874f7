//! What can stop a run that is not the fault of the system under test.

use crate::{cluster::error::ClusterError, history::HistoryError, record::error::RecordError};

/// An error of the run's own machinery: no verdict comes out of it.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Processes or sockets.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The run's directory.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The history.
    #[error("the history cannot be kept: {0}")]
    History(#[from] HistoryError),
    /// The pages.
    #[error("the report cannot be written: {0}")]
    Report(#[from] crate::report::ReportError),
    /// The driver refused what we asked of it.
    #[error("the driver: {0}")]
    Driver(#[from] mongodb::error::Error),
    /// The set did not come up.
    #[error("the replica set did not come up: {0}")]
    NotUp(String),
    /// A set that somebody else runs is none, or not one for the workloads.
    #[error("the set cannot be asked: {0}")]
    Unusable(String),
    /// A directory of the run.
    #[error("{path}: {source}")]
    Directory {
        /// Which.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The machine has no room for another thread.
    #[error("no thread can be made: {0}")]
    Thread(std::io::Error),
    /// A task of the checker panicked.
    #[error("a task of the checker crashed, which is a bug of the checker: {0}")]
    Crashed(String),
    /// The user wants to stop at once.
    #[error("stopped at once")]
    Stopped,
}
