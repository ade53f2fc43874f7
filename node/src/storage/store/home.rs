//! The engine's folder, and how it is replaced by an empty one.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::engine::EngineError;
use super::fjall_engine::{FjallEngine, FjallOptions};

/// Folder of the engine inside a data directory.
const STORE_DIRECTORY: &str = "store";
/// Name of the folder while the engine makes its first files in it.
const UNFINISHED_DIRECTORY: &str = "store.unfinished";
/// Name of a folder that is being removed. Renaming is atomic, removing is not.
const WIPED_DIRECTORY: &str = "store.wiped";

/// Folder of the engine in the data directory `dbpath`.
pub(super) fn engine_directory(dbpath: &Path) -> PathBuf {
    dbpath.join(STORE_DIRECTORY)
}

/// Makes the engine's folder if it is missing, whole or not at all. The engine refuses to start on what is left when this happens
/// in the folder itself:
/// 1. its lock and its first journal are there; 2. killed, before the file that says what version it is; 3. the next start takes the
///    folder for a new one, and finds a journal in it. So does each one after it.
pub(super) fn make(dbpath: &Path, options: FjallOptions) -> Result<(), EngineError> {
    let (made, unfinished) = (engine_directory(dbpath), dbpath.join(UNFINISHED_DIRECTORY));
    if made.try_exists()? {
        return Ok(());
    }
    remove(&unfinished)?;
    drop(FjallEngine::open(&unfinished, options)?);
    std::fs::rename(&unfinished, &made)?;
    Ok(File::open(dbpath)?.sync_all()?)
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
    remove(&dbpath.join(WIPED_DIRECTORY))
}

fn remove(folder: &Path) -> Result<(), EngineError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}
