//! The planted bugs of the core: the exam of the tester. Compiled in by the feature `planted-bugs` only.

mod ack_ignores_reporter_term;
mod acknowledge_before_fsync;
mod arbiter_counted_for_data;
mod bug;
mod commit_entry_of_older_term;
mod commit_point_from_any_heartbeat;
mod config_used_before_durable;
mod double_vote;
mod dry_run_uses_up_the_vote;
mod durable_not_reset_on_rollback;
mod early_acknowledgement;
mod emptied_member_votes;
mod gap_accepted;
mod half_quorum;
mod linearizable_read_without_proof;
mod majority_read_of_latest;
mod many_votes_changed_at_once;
mod next_config_before_majority_has_this;
mod next_config_without_oplog_commitment;
mod no_branch_check;
mod no_first_entry_of_term;
mod nonvoter_counted_in_commits;
mod nonvoter_counted_in_elections;
mod positions_compared_without_term;
mod roll_back_ignores_term;
mod self_counted_before_fsync;
mod sync_flag_not_durable;
mod syncing_member_counted;
mod vote_compares_timestamp_only;
mod vote_ignores_config;
mod vote_not_persisted;
mod vote_without_log_check;
mod waiters_succeed_on_step_down;

pub use bug::Bug;

/// Every planted bug of the core, by id.
pub const BUGS: &[Bug] = &[
    ack_ignores_reporter_term::BUG,
    commit_entry_of_older_term::BUG,
    acknowledge_before_fsync::BUG,
    self_counted_before_fsync::BUG,
    positions_compared_without_term::BUG,
    arbiter_counted_for_data::BUG,
    waiters_succeed_on_step_down::BUG,
    early_acknowledgement::BUG,
    no_first_entry_of_term::BUG,
    durable_not_reset_on_rollback::BUG,
    vote_not_persisted::BUG,
    double_vote::BUG,
    vote_without_log_check::BUG,
    vote_compares_timestamp_only::BUG,
    half_quorum::BUG,
    dry_run_uses_up_the_vote::BUG,
    commit_point_from_any_heartbeat::BUG,
    linearizable_read_without_proof::BUG,
    majority_read_of_latest::BUG,
    no_branch_check::BUG,
    syncing_member_counted::BUG,
    gap_accepted::BUG,
    sync_flag_not_durable::BUG,
    emptied_member_votes::BUG,
    roll_back_ignores_term::BUG,
    nonvoter_counted_in_commits::BUG,
    nonvoter_counted_in_elections::BUG,
    vote_ignores_config::BUG,
    next_config_before_majority_has_this::BUG,
    many_votes_changed_at_once::BUG,
    next_config_without_oplog_commitment::BUG,
    config_used_before_durable::BUG,
];

/// The bug with this id or name, in any case.
#[must_use]
pub fn find(wanted: &str) -> Option<&'static Bug> {
    BUGS.iter()
        .find(|bug| bug.id.eq_ignore_ascii_case(wanted) || bug.name.eq_ignore_ascii_case(wanted))
}
