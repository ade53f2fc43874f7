//! One process per data directory.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

/// Name of the lock file inside a data directory.
pub const LOCK_FILE: &str = "node.lock";

/// Longest content read back from a lock file: a process id in decimal.
const PROCESS_ID_BYTES_MAX: u64 = 20;

/// The right to use a data directory, held until dropped or until the process ends (the kernel releases the
/// lock of a killed process, so a stale file never blocks a restart).
#[derive(Debug)]
pub struct DataDirectoryLock {
    _file: Flock<File>,
}

/// Why a data directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds the lock.
    #[error("DBPathInUse: {} is used by process {process}", path.display())]
    InUse {
        /// The data directory.
        path: PathBuf,
        /// Process id as the holder wrote it, or `unknown`.
        process: String,
    },
    /// The directory or its lock file can't be created, read or locked.
    #[error("data directory {}: {source}", path.display())]
    Io {
        /// The data directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl DataDirectoryLock {
    /// Creates `path` if it doesn't exist and takes its lock.
    ///
    /// # Errors
    /// [`LockError::InUse`] while another process (or another holder in this one) has it.
    pub fn acquire(path: &Path) -> Result<Self, LockError> {
        let io = |source| LockError::Io {
            path: path.to_owned(),
            source,
        };
        std::fs::create_dir_all(path).map_err(io)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(LOCK_FILE))
            .map_err(io)?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut file) => {
                file.set_len(0).map_err(io)?;
                file.rewind().map_err(io)?;
                write!(file, "{}", std::process::id()).map_err(io)?;
                Ok(Self { _file: file })
            }
            Err((file, Errno::EWOULDBLOCK)) => Err(LockError::InUse {
                path: path.to_owned(),
                process: holder(file),
            }),
            Err((_, errno)) => Err(io(errno.into())),
        }
    }
}

fn holder(file: File) -> String {
    let mut text = String::new();
    match file.take(PROCESS_ID_BYTES_MAX).read_to_string(&mut text) {
        Ok(_) if text.parse::<u32>().is_ok() => text,
        _ => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_holder_and_names_it() {
        let directory = tempfile::tempdir().unwrap();
        let held = DataDirectoryLock::acquire(directory.path()).unwrap();
        let refused = DataDirectoryLock::acquire(directory.path()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!(
                "DBPathInUse: {} is used by process {}",
                directory.path().display(),
                std::process::id()
            )
        );
        drop(held);
        DataDirectoryLock::acquire(directory.path()).expect("free again");
    }
}
