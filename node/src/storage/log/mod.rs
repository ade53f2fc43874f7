//! The oplog on disk, which is also the write-ahead log.
//!
//! Reading order: `record` (bytes), `segment` (files), `scan` and `recover` (what a crash left),
//! `queue` and `writer` (the log thread), `oplog` and `query` (the owner's side).

mod error;
mod file;
mod oplog;
mod options;
mod query;
mod queue;
mod record;
mod recover;
mod ring;
mod scan;
mod segment;
mod writer;

#[cfg(test)]
mod random_tests;
#[cfg(test)]
mod tests;

pub use error::LogError;
pub use oplog::{Log, LogEntry};
pub use options::LogOptions;
pub use queue::{Durability, Lsn, WriteCounters};
pub use recover::{Cut, Recovered};
