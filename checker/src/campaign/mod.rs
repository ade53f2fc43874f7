//! Many seeds, on one machine or many: a contract, not an engine.
//!
//! An engine (a shell loop, GNU parallel, Slurm, Kubernetes, a CI matrix) only starts processes. Which seeds a
//! process runs follows from its shard alone ([`shard`]), a seed's run from its number alone ([`seed`]), and
//! results are files that appear whole or not at all ([`results`]). So the set of verdicts is the same for
//! every number of shards, a killed shard is resumed by starting it again, and running a seed twice is
//! harmless. [`merge`] makes one answer of all results, and says which are missing.

#[cfg(test)]
mod contract_tests;
pub mod error;
pub mod faults;
pub mod guide;
pub mod known;
pub mod merge;
pub mod outcome;
pub mod plan;
pub mod process;
pub mod prune;
pub mod reached;
pub mod results;
pub mod runner;
pub mod seed;
pub mod shard;
pub mod summary;

pub use error::CampaignError;
