//! Why a member does not come up.

use std::path::PathBuf;

use protocol::optime::OpTime;

use crate::storage::lock::LockError;
use crate::storage::log::LogError;
use crate::storage::store::StoreError;

/// Why a member could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory is taken or can't be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The oplog can't be opened.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The data can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The oplog does not reach back to the data: what lies between is lost.
    #[error(
        "the data was applied through {applied}, but the oplog begins at {oldest:?}; what lies between is lost: \
         restore the directory from a backup, or empty it and let the member sync anew"
    )]
    Gap {
        /// What the data holds.
        applied: OpTime,
        /// Where the oplog begins.
        oldest: Option<OpTime>,
    },
    /// An entry of the oplog can't be applied to the data.
    #[error("the oplog entry {optime} can't be replayed ({why}); the data directory is damaged")]
    Replay {
        /// The entry.
        optime: OpTime,
        /// Why.
        why: String,
    },
    /// A durable record can't be read.
    #[error(
        "the durable record {name:?} can't be read ({why}); the data directory is damaged or of another version"
    )]
    Record {
        /// Its name.
        name: &'static str,
        /// Why.
        why: String,
    },
    /// The data directory belongs to another set.
    #[error(
        "the data directory belongs to the set {found:?}, but --replSet says {asked:?}; give the right name or another --dbpath"
    )]
    OtherSet {
        /// In the directory.
        found: String,
        /// On the command line.
        asked: String,
    },
    /// The trace can't be written.
    #[error("cannot write the trace {path}: {source}")]
    Trace {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
