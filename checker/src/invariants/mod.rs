//! Is a state right? Invariants judge states and steps, in the model and in the simulation alike; histories of
//! clients are judged by [`crate::checks`].

pub mod acknowledged_is_backed_by_majority;
pub mod active_configs_overlap;
pub mod broken_connections_depose_nobody;
pub mod cluster;
pub mod commit_point_only_rises;
pub mod configs_only_get_newer;
pub mod counted_votes_are_durable;
pub mod dry_runs_change_nothing;
pub mod durable_never_ahead_of_disk;
pub mod first_entry_before_writes;
pub mod ghosts;
pub mod invariant;
pub mod leader_append_only;
pub mod leader_completeness;
pub mod linearizable_reads_miss_no_write;
pub mod log_matching;
pub mod majority_reads_are_committed;
pub mod members_stay_what_they_are;
pub mod never_roll_back_before_commit_point;
pub mod never_roll_back_committed;
pub mod new_voters_are_marked;
pub mod no_sync_cycles;
pub mod nobody_forces_unasked;
pub mod nobody_gives_up;
pub mod noops_wait_for_what_they_saw;
pub mod one_config_per_version_and_term;
pub mod one_primary_per_term;
pub mod only_voters_are_counted;
pub mod primaries_are_electable;
pub mod reads_are_allowed;
pub mod refusals_leave_nothing;
pub mod state_machine_safety;
pub mod takeovers_are_fresh;
pub mod terms_only_rise;
pub mod votes_are_refused_for_a_reason;
pub mod who_sees_nobody_steps_down;

use invariant::Invariant;

/// Every invariant, in the order of the protocol notes.
pub const INVARIANTS: [Invariant; 33] = [
    one_primary_per_term::INVARIANT,
    log_matching::INVARIANT,
    leader_completeness::INVARIANT,
    state_machine_safety::INVARIANT,
    never_roll_back_committed::INVARIANT,
    never_roll_back_before_commit_point::INVARIANT,
    leader_append_only::INVARIANT,
    durable_never_ahead_of_disk::INVARIANT,
    acknowledged_is_backed_by_majority::INVARIANT,
    majority_reads_are_committed::INVARIANT,
    linearizable_reads_miss_no_write::INVARIANT,
    commit_point_only_rises::INVARIANT,
    counted_votes_are_durable::INVARIANT,
    terms_only_rise::INVARIANT,
    active_configs_overlap::INVARIANT,
    one_config_per_version_and_term::INVARIANT,
    configs_only_get_newer::INVARIANT,
    only_voters_are_counted::INVARIANT,
    dry_runs_change_nothing::INVARIANT,
    who_sees_nobody_steps_down::INVARIANT,
    takeovers_are_fresh::INVARIANT,
    first_entry_before_writes::INVARIANT,
    refusals_leave_nothing::INVARIANT,
    noops_wait_for_what_they_saw::INVARIANT,
    new_voters_are_marked::INVARIANT,
    members_stay_what_they_are::INVARIANT,
    nobody_forces_unasked::INVARIANT,
    primaries_are_electable::INVARIANT,
    votes_are_refused_for_a_reason::INVARIANT,
    broken_connections_depose_nobody::INVARIANT,
    no_sync_cycles::INVARIANT,
    reads_are_allowed::INVARIANT,
    nobody_gives_up::INVARIANT,
];
