//! The parts of a run's page, one file each. A section that has nothing to show is left out.

pub(super) mod availability;
pub(super) mod charts;
pub(super) mod checks;
pub(super) mod counterexample;
pub(super) mod coverage;
pub(super) mod environment;
pub(super) mod faults;
mod glyphs;
mod lanes;
mod log_lines;
pub(super) mod logs;
pub(super) mod models;
mod references;
pub(super) mod replicas;
mod section;
pub(super) mod verdict;

pub(super) use section::Section;
