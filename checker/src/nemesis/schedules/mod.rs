//! Directed schedules: one told story a file, registered among the nemeses.

pub mod chained_secondaries;
pub mod clock_around_step_down;
pub mod flapping;
pub mod leader_loses_power;
pub mod old_majority_loses_power;
pub mod pause_across_election;
pub mod primary_divergence;
pub mod rollback_sequence;
pub mod swizzle_clog;
