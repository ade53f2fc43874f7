//! What can go wrong with a run's directory.

use std::{io, path::PathBuf};

/// The disk refused, or a value could not become JSON.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The operating system's answer, with the file it is about.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A record could not be written as JSON.
    #[error("{}: cannot be written as JSON: {source}", path.display())]
    Json {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

impl RecordError {
    /// Names the file in an operating system's error.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
