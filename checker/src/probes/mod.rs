//! Probes: short directed dialogues with real members, each about one guarantee that random runs touch too seldom, or
//! whose breach no client's history shows (a status that lies, an index that is missing, members that all stand at once).
//!
//! Reading order: [`probe`] (what one is), [`stage`] (the set it speaks with), [`likeness`] (do members hold the same),
//! then the probes themselves, one file each.

pub mod ground;
pub mod likeness;
pub mod probe;
pub mod stage;

mod batches_apply_in_order;
mod clock_jump_elects_nobody;
mod copied_directory_is_another_member;
mod copy_equals_its_source;
mod default_write_concern_is_majority;
mod documents_roll_back;
mod elections_are_spread;
mod even_halves_elect_nobody;
mod index_rolls_back;
mod killed_copy_begins_anew;
mod later_clock_does_not_win;
mod linearizable_read_is_proven;
mod new_segment_survives_power_loss;
mod operation_time_is_honest;
mod replay_misses_nothing;
mod retry_runs_once;
mod rollback_survives_a_crash;
mod secondary_shows_a_prefix;
mod session_rolls_back;
mod stale_member_does_not_win;
mod status_tells_who_is_dead;
mod torn_write_is_cut;
mod unfinished_copy_is_not_served;
mod wait_for_cluster_time;
mod wire;
mod younger_primary_ranks_higher;

use probe::Probe;

/// Every probe, in the order of their names.
pub const PROBES: &[&Probe] = &[
    &batches_apply_in_order::PROBE,
    &clock_jump_elects_nobody::PROBE,
    &copied_directory_is_another_member::PROBE,
    &copy_equals_its_source::PROBE,
    &default_write_concern_is_majority::PROBE,
    &documents_roll_back::PROBE,
    &elections_are_spread::PROBE,
    &even_halves_elect_nobody::PROBE,
    &index_rolls_back::PROBE,
    &killed_copy_begins_anew::PROBE,
    &later_clock_does_not_win::PROBE,
    &linearizable_read_is_proven::PROBE,
    &new_segment_survives_power_loss::PROBE,
    &operation_time_is_honest::PROBE,
    &replay_misses_nothing::PROBE,
    &retry_runs_once::PROBE,
    &rollback_survives_a_crash::PROBE,
    &secondary_shows_a_prefix::PROBE,
    &session_rolls_back::PROBE,
    &stale_member_does_not_win::PROBE,
    &status_tells_who_is_dead::PROBE,
    &torn_write_is_cut::PROBE,
    &unfinished_copy_is_not_served::PROBE,
    &wait_for_cluster_time::PROBE,
    &younger_primary_ranks_higher::PROBE,
];
