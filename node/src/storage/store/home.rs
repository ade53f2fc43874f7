//! The engine's folder, and how it is replaced by an empty one.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::engine::EngineError;

/// Folder of the engine inside a data directory.
const STORE_DIRECTORY: &str = "store";
/// Name of a folder that is being removed. Renaming is atomic, removing is not.
const WIPED_DIRECTORY: &str = "store.wiped";

/// Folder of the engine in the data directory `dbpath`.
pub(super) fn engine_directory(dbpath: &Path) -> PathBuf {
    dbpath.join(STORE_DIRECTORY)
}

/// Takes the engine's folder out of the way, durably, and removes it.
pub(super) fn begin_wipe(dbpath: &Path) -> Result<(), EngineError> {
    finish_wipe(dbpath)?;
    match std::fs::rename(engine_directory(dbpath), dbpath.join(WIPED_DIRECTORY)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        result => result?,
    }
    File::open(dbpath)?.sync_all()?;
    finish_wipe(dbpath)
}

/// Removes what an interrupted wipe left.
pub(super) fn finish_wipe(dbpath: &Path) -> Result<(), EngineError> {
    match std::fs::remove_dir_all(dbpath.join(WIPED_DIRECTORY)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
