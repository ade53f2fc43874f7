//! Directed schedules: one told story a file, registered among the nemeses.

pub mod arbiter_acknowledges;
pub mod chained_secondaries;
pub mod clock_around_step_down;
pub mod flapping;
pub mod initial_sync_interrupted;
pub mod leader_loses_power;
pub mod member_replaced;
pub mod old_majority_loses_power;
pub mod pause_across_election;
pub mod primary_divergence;
pub mod reconfig_diverges;
pub mod reconfig_under_partition;
pub mod rollback_sequence;
pub mod rolling_restart;
pub mod stale_member;
pub mod swizzle_clog;
