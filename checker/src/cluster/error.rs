//! What can go wrong with real processes and real sockets.

use std::{io, path::PathBuf};

/// An error of the live cluster's machinery (never of the system under test).
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The control page of a shim cannot be made, read or written.
    #[error("the control page {path} cannot be used: {source}")]
    ShimPage {
        /// The page's file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The machine's monotonic clock cannot be read.
    #[error("the machine's clock cannot be read: {0}")]
    Clock(nix::errno::Errno),
    /// A wall clock before 1970, or beyond what nanoseconds can tell.
    #[error(
        "a wall clock {offset_ms} ms off would leave the years 1970 to 2262: no program is built for that"
    )]
    BeforeEpoch {
        /// The refused offset.
        offset_ms: i64,
    },
    /// A clock rate out of range.
    #[error("a clock at {permille}/1000 of real speed is refused: 100/1000 to 10000/1000 are possible")]
    ClockRate {
        /// The refused rate.
        permille: u32,
    },
    /// A program could not be started.
    #[error("{program} cannot be started: {source}")]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A log file or directory of a node cannot be made.
    #[error("{path} cannot be made: {source}")]
    Make {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A signal could not be sent.
    #[error("process {pid} cannot be signalled: {source}")]
    Signal {
        /// The process.
        pid: i32,
        /// Why.
        source: nix::errno::Errno,
    },
    /// A limit of a process could not be changed.
    #[error("a limit of process {pid} cannot be changed: {source}")]
    Limit {
        /// The process.
        pid: i32,
        /// Why.
        source: io::Error,
    },
    /// There is no process to do this to.
    #[error("there is no running process: {what}")]
    NotRunning {
        /// What was to be done, or how it ended.
        what: String,
    },
    /// The kernel did not do in time what it was asked to.
    #[error("process {pid} is still not {wanted} after {waited_ms} ms (state {state})")]
    Deadline {
        /// The process.
        pid: i32,
        /// The awaited state.
        wanted: &'static str,
        /// How long was waited.
        waited_ms: u64,
        /// The state it was in at the end.
        state: String,
    },
    /// cargo failed, or did not say where its product is.
    #[error("building the programs under test failed: {0}")]
    Build(String),
    /// A loopback port could not be reserved, or the proxy could not listen.
    #[error("loopback sockets cannot be had: {0}")]
    Socket(io::Error),
    /// The packet network cannot be had.
    #[error("no packet network: {what}: {source}")]
    Network {
        /// What was needed.
        what: &'static str,
        /// Why it cannot be had.
        source: io::Error,
    },
    /// The member runs without the preload library.
    #[error("member {member} runs without the preload library: its clocks and disk are out of reach")]
    NoShim {
        /// The member.
        member: u8,
    },
    /// The preload library is not asked.
    #[error(
        "member {member} does not hear of the preload library (is the program linked statically? then `--disk fuse` reaches its disk)"
    )]
    ShimUnused {
        /// The member.
        member: u8,
    },
    /// No back end of this run can do it.
    #[error("this run has no power to do `{kind}`")]
    NoPower {
        /// The fault's kind.
        kind: &'static str,
    },
    /// A file could not be brought back to what was durable, or could not be damaged.
    #[error("the disk fault cannot be done to {path}: {source}")]
    Power {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Too many disk faults at once.
    #[error("member {member} suffers as many disk faults as its page can hold")]
    DiskRulesFull {
        /// The member.
        member: u8,
    },
    /// A member did not do what a command asked of it.
    #[error("member {member} refused `{command}`: {words}")]
    Refused {
        /// The member.
        member: u8,
        /// The command's name.
        command: &'static str,
        /// What it answered, or why it did not.
        words: String,
    },
}
