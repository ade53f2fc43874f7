//! The planted bugs of the server around the core: the exam of the tester. Compiled in by the feature `planted-bugs`
//! only, and chosen at run time.

pub mod after_cluster_time_ignored;
pub mod answers_fsync_without_doing_it;
pub mod applies_neighbours_in_the_wrong_order;
pub mod clones_local_or_config_wrongly;
pub mod default_concern_ignored;
pub mod duplicate_docs;
pub mod election_id_order_wrong;
pub mod fetch_starts_after_clone;
pub mod forgets_the_directory;
pub mod forgets_votes;
pub mod indexes_not_built;
pub mod keeps_retries_to_itself;
pub mod leaves_a_document_behind_in_rollback;
pub mod no_jitter;
pub mod non_idempotent_oplog;
pub mod operation_time_beyond_snapshot;
pub mod oplog_hole;
mod planted;
pub mod rollback_misses_index_or_ddl;
pub mod rollback_misses_sessions;
pub mod secondary_before_stop_timestamp;
pub mod secondary_reads_mid_batch;
pub mod skips_an_entry_at_start;
pub mod status_lies;
pub mod timers_on_wall_clock;
pub mod torn_tail_accepted;
pub mod truncate_after_point_ignored;

pub use planted::{Bug, is_planted, plant};

/// Every planted bug of the shell, by id.
pub const BUGS: &[&Bug] = &[
    &answers_fsync_without_doing_it::BUG,
    &forgets_the_directory::BUG,
    &skips_an_entry_at_start::BUG,
    &forgets_votes::BUG,
    &keeps_retries_to_itself::BUG,
    &leaves_a_document_behind_in_rollback::BUG,
    &applies_neighbours_in_the_wrong_order::BUG,
    &torn_tail_accepted::BUG,
    &truncate_after_point_ignored::BUG,
    &no_jitter::BUG,
    &fetch_starts_after_clone::BUG,
    &duplicate_docs::BUG,
    &secondary_before_stop_timestamp::BUG,
    &indexes_not_built::BUG,
    &clones_local_or_config_wrongly::BUG,
    &secondary_reads_mid_batch::BUG,
    &operation_time_beyond_snapshot::BUG,
    &after_cluster_time_ignored::BUG,
    &default_concern_ignored::BUG,
    &status_lies::BUG,
    &election_id_order_wrong::BUG,
    &rollback_misses_index_or_ddl::BUG,
    &rollback_misses_sessions::BUG,
    &non_idempotent_oplog::BUG,
    &oplog_hole::BUG,
    &timers_on_wall_clock::BUG,
];
