//! What the store refuses or can't do.

use std::path::PathBuf;

use protocol::optime::OpTime;

use super::engine::EngineError;
use crate::storage::key::KeyError;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine failed; the member has to stop.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine's files can't be used.
    #[error("{}: {source}", path.display())]
    Open {
        /// The engine's folder.
        path: PathBuf,
        /// What the engine said.
        source: EngineError,
    },
    /// What the engine holds of our own can't be understood.
    #[error("corrupt store: {0}")]
    Corrupt(String),
    /// A document without a usable key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A change of a collection that doesn't exist.
    #[error("ns not found: {0}")]
    NamespaceNotFound(String),
    /// A read through an index that doesn't exist.
    #[error("index not found: {0}")]
    IndexNotFound(String),
    /// A change below what was applied already.
    #[error("can't apply {optime}: {last_applied} is applied already")]
    OutOfOrder {
        /// Optime of the change.
        optime: OpTime,
        /// Newest optime applied.
        last_applied: OpTime,
    },
    /// A read at a point whose versions are merged into the engine already (MongoDB: SnapshotTooOld).
    #[error("can't read at {requested}: versions before {oldest} are gone")]
    SnapshotTooOld {
        /// The point asked for.
        requested: OpTime,
        /// Oldest point that can be read.
        oldest: OpTime,
    },
    /// A rollback below what the engine holds, which was committed (R-92: unrecoverable).
    #[error("can't roll back to {common_point}: everything up to {oldest} was committed and merged")]
    RollbackTooFar {
        /// The point to return to.
        common_point: OpTime,
        /// Oldest point that can be returned to.
        oldest: OpTime,
    },
    /// The thread that hands versions to the engine is gone.
    #[error("the store's absorbing thread stopped")]
    AbsorberStopped,
}
