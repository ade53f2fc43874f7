//! What can go wrong with a set to play with.

use std::{io, path::PathBuf};

use crate::cluster::error::ClusterError;

/// Why a set to play with can't be started, found or stopped.
#[derive(Debug, thiserror::Error)]
pub enum PlaygroundError {
    /// One is there already.
    #[error(
        "a set lives in {0} already; `checker cluster status` shows it, `checker cluster down` stops it, and another \
         --port or --directory makes a second one"
    )]
    Exists(PathBuf),
    /// There is none.
    #[error("no set lives in {0}; `checker cluster up` starts one")]
    Missing(PathBuf),
    /// The mark can't be read or written.
    #[error("{path} cannot be used: {source}")]
    File {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The mark is no mark.
    #[error("{path} does not describe a set ({why}); remove the directory if nothing runs in it")]
    Mark {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A port is somebody else's.
    #[error("port {port} is taken ({source}); choose others with --port")]
    Port {
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// Too many members, or none that holds data.
    #[error(
        "a set has 1 to 50 members of which at least one holds data, and at most 7 vote: {members} members and {arbiters} arbiters were asked for"
    )]
    Size {
        /// Members with data.
        members: u8,
        /// Arbiters.
        arbiters: u8,
    },
    /// A process can't be started.
    #[error(transparent)]
    Start(#[from] ClusterError),
    /// A member ended, or did not answer in time.
    #[error("the member on port {port} does not serve: {why}; its log is {log}")]
    Silent {
        /// Its port.
        port: u16,
        /// What was seen.
        why: String,
        /// Its log.
        log: PathBuf,
    },
    /// The set was not founded.
    #[error("the set could not be initiated: {0}")]
    Initiate(#[from] mongodb::error::Error),
    /// Nobody became primary.
    #[error("no member became primary in time; the logs are in {0}")]
    NoPrimary(PathBuf),
    /// A process stays.
    #[error("process {pid} does not end")]
    Stays {
        /// The process.
        pid: i32,
    },
}
