//! How a process is started, the same way each time.

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io::Write,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
};

use super::{
    error::ClusterError,
    shim_layout::page::{PAGE_VARIABLE, PARENT_VARIABLE, SCOPE_VARIABLE, UNDO_VARIABLE},
    switch::Room,
};

/// Our server's allocator takes what it needs when it needs it, not a gigabyte at once: a limit of memory would never be met.
const ALLOCATOR: [(&str, &str); 1] = [("MIMALLOC_ARENA_EAGER_COMMIT", "0")];

/// Everything that a start of a process depends on.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables added to the checker's own environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Where its standard output and error go, one start after the other.
    pub log: PathBuf,
    /// The network namespace in which it is started; `None`: this process's own.
    pub room: Option<Room>,
}

impl Launch {
    /// A program with its arguments, logging into `log`, without a shim.
    pub fn new(program: &Path, arguments: Vec<OsString>, log: &Path) -> Self {
        Self {
            program: program.to_owned(),
            arguments,
            environment: ALLOCATOR
                .map(|(name, value)| (name.into(), value.into()))
                .to_vec(),
            log: log.to_owned(),
            room: None,
        }
    }

    /// The same under the preload library `shim`, steered from `page`; it dies with the checker.
    pub fn with_shim(mut self, shim: &Path, page: &Path) -> Self {
        self.set("LD_PRELOAD", shim);
        self.set(PAGE_VARIABLE, page);
        self.set(PARENT_VARIABLE, process::id().to_string());
        self
    }

    /// Disk rules strike the files under `scope`; with `undo`, changes there are journaled for a power loss.
    /// Both directories are made if they are missing.
    pub fn with_disk(mut self, scope: &Path, undo: Option<&Path>) -> Result<Self, ClusterError> {
        self.set(SCOPE_VARIABLE, canonical_directory(scope)?);
        if let Some(undo) = undo {
            self.set(UNDO_VARIABLE, canonical_directory(undo)?);
        }
        Ok(self)
    }

    /// The command of the `start`-th start, its log opened and headed.
    pub(crate) fn command(&self, start: u32) -> Result<Command, ClusterError> {
        let failed = |source| ClusterError::Make {
            path: self.log.clone(),
            source,
        };
        let mut log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(failed)?;
        writeln!(log, "--- checker: start {start} ---").map_err(failed)?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(failed)?)
            .stderr(log)
            .process_group(0);
        Ok(command)
    }

    fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.into(), value.into()));
    }
}

fn canonical_directory(path: &Path) -> Result<PathBuf, ClusterError> {
    fs::create_dir_all(path)
        .and_then(|()| fs::canonicalize(path))
        .map_err(|source| ClusterError::Make {
            path: path.to_owned(),
            source,
        })
}
