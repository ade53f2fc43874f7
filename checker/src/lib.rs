//! The tester. In story order: a scenario (a workload under a nemesis) is played in a simulated or a real
//! cluster, a history remains, checks judge it, a report shows it; and the model asks the same core every
//! question at once.

pub mod bench;
pub mod campaign;
pub mod checks;
pub mod cli;
pub mod client;
pub mod cluster;
pub mod console;
pub mod history;
#[cfg(feature = "planted-bugs")]
pub mod hunt;
pub mod invariants;
pub mod judge;
pub mod model;
pub mod nemesis;
pub mod probes;
pub mod record;
pub mod replay;
pub mod report;
pub mod run;
pub mod simulation;
