//! One member of a set to play with.

use std::{
    ffi::OsString,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};

use super::error::PlaygroundError;
use crate::cluster::{
    error::ClusterError,
    launch::Launch,
    proc_state::{ProcState, state},
};

/// How long a member may take to shut down cleanly before it is killed, and again to be gone then.
const STOP_PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks at a process that is to end.
const POLL: Duration = Duration::from_millis(20);
/// Looks at a process that has no command line before it counts as another one.
const EMPTY_LOOKS_MAX: u32 = 50;

/// A process that a former command started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayMember {
    /// Its process.
    pub pid: i32,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    /// Votes and holds no data.
    pub arbiter: bool,
    /// Its data directory.
    pub data: PathBuf,
    /// Its log.
    pub log: PathBuf,
}

impl PlayMember {
    /// Starts a member that stays when this process ends.
    pub(super) fn start(
        program: &Path,
        set: &str,
        port: u16,
        arbiter: bool,
        home: &Path,
        extra: &[OsString],
    ) -> Result<Self, PlaygroundError> {
        fs::create_dir_all(home).map_err(|source| PlaygroundError::File {
            path: home.to_owned(),
            source,
        })?;
        let (data, log) = (home.join("data"), home.join("log"));
        let words = [
            "--port",
            &port.to_string(),
            "--replSet",
            set,
            "--bind_ip",
            "127.0.0.1",
            "--dbpath",
        ];
        let mut arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
        arguments.push(data.clone().into());
        arguments.extend_from_slice(extra);
        // No thread keeps it and nothing asks for its death with us: that is what makes it stay.
        let child = Launch::new(program, arguments, &log)
            .command(1)?
            .spawn()
            .map_err(|source| ClusterError::Start {
                program: program.to_owned(),
                source,
            })?;
        Ok(Self {
            pid: child.id().cast_signed(),
            port,
            arbiter,
            data,
            log,
        })
    }

    /// Starts its program once more, after its death, with the same port and directory.
    ///
    /// # Errors
    /// When the program can't be started.
    pub fn restart(&mut self, program: &Path, set: &str) -> Result<(), PlaygroundError> {
        let home = self.data.parent().unwrap_or(&self.data).to_owned();
        *self = Self::start(program, set, self.port, self.arbiter, &home, &[])?;
        Ok(())
    }

    /// Where clients find it.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// As the configuration names it.
    pub fn host(&self) -> String {
        self.address().to_string()
    }

    /// Is its process there, and still the one that was started? A number may have gone to somebody else, who must
    /// not be hit.
    pub fn runs(&self) -> bool {
        let mut command_line = Vec::new();
        // While a program takes a process over its command line is empty for a moment.
        for _ in 0..EMPTY_LOOKS_MAX {
            command_line = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
            if !command_line.is_empty() || state(self.pid) == ProcState::Gone {
                break;
            }
            thread::sleep(POLL);
        }
        let data = self.data.as_os_str().as_encoded_bytes();
        let mut words = command_line.split(|byte| *byte == 0);
        words.any(|word| word == data)
    }

    /// SIGTERM, and SIGKILL to one that stays. Nothing to do for one that has gone.
    pub fn stop(&self) -> Result<(), PlaygroundError> {
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            if !self.runs() {
                return Ok(());
            }
            let pid = self.pid;
            if let Err(source) = kill(Pid::from_raw(pid), signal)
                && self.runs()
            {
                return Err(ClusterError::Signal { pid, source }.into());
            }
            let since = Instant::now();
            while since.elapsed() < STOP_PATIENCE {
                if !self.runs() {
                    return Ok(());
                }
                thread::sleep(POLL);
            }
        }
        Err(PlaygroundError::Stays { pid: self.pid })
    }
}
