//! What can go wrong with the oplog's files.

use std::path::{Path, PathBuf};

use protocol::optime::OpTime;

/// An error of the log. None of them is repaired in place: the member stops (FATAL) or refuses to start.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The operating system refused.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried, as in "write to".
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Bytes that were durable once are not what was written: never cut silently.
    #[error("corrupt oplog: {} at byte {offset}: {reason}", path.display())]
    Corrupt {
        /// The segment file.
        path: PathBuf,
        /// Where in the file, in bytes from its start.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// An append that would break the order of the oplog (§3.1: fatal, never repaired).
    #[error("entry {next} can't follow entry {previous} in the oplog")]
    OutOfOrder {
        /// The newest entry of the log.
        previous: OpTime,
        /// The entry that was refused.
        next: OpTime,
    },
    /// A record above the limit of one record.
    #[error("a record of {bytes} bytes exceeds the limit of {limit}")]
    TooLarge {
        /// Size of the payload.
        bytes: usize,
        /// What one record may hold.
        limit: usize,
    },
    /// The log thread met an I/O error earlier; nothing is accepted any more.
    #[error("the oplog's writer stopped: {reason}")]
    Stopped {
        /// The first error.
        reason: String,
    },
}

impl LogError {
    /// Wraps a system error with what was tried on which path; for `map_err`.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// Builds [`LogError::Corrupt`].
    pub(super) fn corrupt(path: &Path, offset: usize, reason: impl Into<String>) -> Self {
        Self::Corrupt {
            path: path.to_owned(),
            offset: offset as u64,
            reason: reason.into(),
        }
    }
}
