//! The planted bugs of the core: the exam of the tester. Compiled in by the feature `planted-bugs` only.

mod ack_ignores_reporter_term;
mod acknowledge_before_fsync;
mod always_forced;
mod arbiter_becomes_data_member;
mod arbiter_counted_for_data;
mod arbiter_vetoes_for_a_dead_primary;
mod bug;
mod commit_entry_of_older_term;
mod commit_point_from_any_heartbeat;
mod commit_point_only_from_tree;
mod commit_point_raw_from_source;
mod config_used_before_durable;
mod config_without_own_term;
mod double_vote;
mod dry_run_uses_up_the_vote;
mod durable_not_reset_on_rollback;
mod early_acknowledgement;
mod emptied_member_votes;
mod gap_accepted;
mod half_quorum;
mod heard_primary_deposed;
mod lease_instead_of_proof;
mod linearizable_read_without_proof;
mod majority_read_of_latest;
mod many_votes_changed_at_once;
mod names_from_wall_clock;
mod new_voter_counted_at_once;
mod next_config_before_majority_has_this;
mod next_config_without_oplog_commitment;
mod no_branch_check;
mod no_first_entry_of_term;
mod no_keep_alive;
mod no_liveness_step_down;
mod nonvoter_counted_in_commits;
mod nonvoter_counted_in_elections;
mod noop_answered_at_once;
mod old_answer_proves_read;
mod old_primary_counts_newer_terms;
mod positions_compared_without_term;
mod primary_outside_its_config;
mod primary_rolls_back;
mod read_before_commit;
mod reads_in_trouble;
mod roll_back_ignores_term;
mod secondary_reads_unasked;
mod self_counted_before_fsync;
mod source_that_pulls_from_me;
mod stale_member_stays_secondary;
mod sync_flag_not_durable;
mod syncing_member_counted;
mod takeover_without_freshness;
mod unknown_end_told_as_failure;
mod vote_as_lease;
mod vote_compares_timestamp_only;
mod vote_ignores_config;
mod vote_not_persisted;
mod vote_without_log_check;
mod waiters_succeed_on_step_down;
mod writes_before_drain;

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
    heard_primary_deposed::BUG,
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
    no_liveness_step_down::BUG,
    arbiter_vetoes_for_a_dead_primary::BUG,
    takeover_without_freshness::BUG,
    noop_answered_at_once::BUG,
    writes_before_drain::BUG,
    unknown_end_told_as_failure::BUG,
    commit_point_raw_from_source::BUG,
    commit_point_only_from_tree::BUG,
    stale_member_stays_secondary::BUG,
    source_that_pulls_from_me::BUG,
    primary_rolls_back::BUG,
    lease_instead_of_proof::BUG,
    secondary_reads_unasked::BUG,
    reads_in_trouble::BUG,
    names_from_wall_clock::BUG,
    vote_as_lease::BUG,
    no_keep_alive::BUG,
    old_primary_counts_newer_terms::BUG,
    config_without_own_term::BUG,
    always_forced::BUG,
    new_voter_counted_at_once::BUG,
    primary_outside_its_config::BUG,
    arbiter_becomes_data_member::BUG,
    old_answer_proves_read::BUG,
    read_before_commit::BUG,
];

/// The bug with this id or name, in any case.
#[must_use]
pub fn find(wanted: &str) -> Option<&'static Bug> {
    BUGS.iter()
        .find(|bug| bug.id.eq_ignore_ascii_case(wanted) || bug.name.eq_ignore_ascii_case(wanted))
}
