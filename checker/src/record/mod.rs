//! What a run leaves behind: the versioned schemas of the files under `results/<time>-<seed>/`.
//!
//! A run writes them while it goes (append, then sync at the border of a phase) and before it judges, so that a
//! crash in a check keeps the history. The report, the index and the campaigns only read them: any page can be
//! made again from the stored data.
//!
//! All times named `*_ns` are nanoseconds since the start of the run on the checker's monotonic clock, the same
//! clock as [`crate::history::Event`]`::time_ns`.

pub mod benchmark;
pub mod clock;
pub mod contents;
pub mod coverage;
pub mod directory;
pub mod error;
pub mod exit;
pub mod fault;
pub mod lines;
pub mod model;
pub mod reached;
pub mod recovery;
pub mod replicas;
pub mod reproduction;
pub mod run;
pub mod seed;
pub mod signature;
pub mod situations;
pub mod standing;
pub mod standstill;
pub mod status;
pub mod verdict;

/// Version of the schemas in this room. A reader accepts this and older ones, and notes a newer one.
pub const SCHEMA: u32 = 1;
