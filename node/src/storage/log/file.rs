//! Making, renaming and syncing files so that the names survive a power cut too (BUG-D06).

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use super::error::LogError;

/// Written at once.
static ZEROS: [u8; 1 << 20] = [0; 1 << 20];

/// Makes the names inside `directory` durable.
pub(super) fn sync_directory(directory: &Path) -> Result<(), LogError> {
    File::open(directory)
        .and_then(|handle| handle.sync_all())
        .map_err(LogError::io("sync directory", directory))
}

/// Creates `directory` with its parents, durably.
pub(super) fn create_directory(directory: &Path) -> Result<(), LogError> {
    if directory.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(directory).map_err(LogError::io("create directory", directory))?;
    if let Some(parent) = directory.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        sync_directory(parent)?;
    }
    Ok(())
}

/// Renames inside one directory, durably.
pub(super) fn rename(directory: &Path, from: &Path, to: &Path) -> Result<(), LogError> {
    std::fs::rename(from, to).map_err(LogError::io("rename", from))?;
    #[cfg(feature = "planted-bugs")]
    if crate::bugs::is_planted(&crate::bugs::forgets_the_directory::BUG) {
        return Ok(());
    }
    sync_directory(directory)
}

/// Removes a file, durably.
pub(super) fn remove(directory: &Path, path: &Path) -> Result<(), LogError> {
    std::fs::remove_file(path).map_err(LogError::io("remove", path))?;
    sync_directory(directory)
}

/// Creates `path` with `bytes` zeros really written (not `fallocate`d: unwritten extents cost a journal commit
/// at the first sync of each block).
pub(super) fn create_zero_filled(path: &Path, bytes: u64) -> Result<(), LogError> {
    let mut file = File::create(path).map_err(LogError::io("create", path))?;
    write_zeros(&mut file, bytes).map_err(LogError::io("zero-fill", path))?;
    file.sync_all().map_err(LogError::io("sync", path))
}

/// Overwrites `path` from `offset` to `bytes` with zeros and syncs it.
pub(super) fn zero_tail(path: &Path, offset: u64, bytes: u64) -> Result<(), LogError> {
    use std::io::{Seek as _, SeekFrom};
    let mut file = OpenOptions::new()
        .write(true)
        .open(path)
        .map_err(LogError::io("open", path))?;
    file.seek(SeekFrom::Start(offset))
        .map_err(LogError::io("seek in", path))?;
    write_zeros(&mut file, bytes.saturating_sub(offset)).map_err(LogError::io("zero-fill", path))?;
    file.sync_all().map_err(LogError::io("sync", path))
}

/// Synced in pieces: a whole segment at once keeps the disk for itself, and every write that waits for it, for ten
/// milliseconds and more.
fn write_zeros(file: &mut File, mut bytes: u64) -> std::io::Result<()> {
    while bytes > 0 {
        let chunk = bytes.min(ZEROS.len() as u64);
        file.write_all(&ZEROS[..chunk as usize])?;
        bytes -= chunk;
        if bytes > 0 {
            file.sync_data()?;
        }
    }
    Ok(())
}
