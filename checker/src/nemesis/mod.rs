//! Who disturbs. A nemesis decides; the live cluster and the simulator suffer.

pub mod bridge;
pub mod client_deed;
pub mod client_links;
pub mod clock;
pub mod corrupt_links;
pub mod crash_at_sync;
pub mod dice;
pub mod disk_error;
pub mod disk_lies;
pub mod duplicate_links;
pub mod even_split;
pub mod fault;
pub mod file_damage;
pub mod file_limit;
pub mod grow;
pub mod half_open;
pub mod jam;
pub mod kill;
pub mod lossy_links;
pub mod majorities_ring;
pub mod membership;
pub mod memory_limit;
#[expect(
    clippy::module_inception,
    reason = "the type of the room bears the room's name, as everywhere in this tree"
)]
pub mod nemesis;
pub mod partition;
pub mod pause;
pub mod power_loss;
pub mod redraw;
pub mod reorder_links;
pub mod reset_connections;
pub mod row_change;
pub mod schedules;
pub mod shapes;
pub mod shut_down;
pub mod slow_disk;
pub mod slow_links;
pub mod step_down;
pub mod story;
pub mod swap_binary;
pub mod targets;
pub mod terminate;
pub mod throttle;
pub mod view;
pub mod wipe_data;
mod words;

/// Every nemesis, in the order reports list them.
pub const NEMESES: &[nemesis::Nemesis] = &[
    kill::NEMESIS,
    pause::NEMESIS,
    partition::NEMESIS,
    clock::NEMESIS,
    terminate::NEMESIS,
    throttle::NEMESIS,
    jam::NEMESIS,
    slow_links::NEMESIS,
    reset_connections::NEMESIS,
    power_loss::NEMESIS,
    disk_error::NEMESIS,
    slow_disk::NEMESIS,
    crash_at_sync::NEMESIS,
    file_damage::NEMESIS,
    disk_lies::NEMESIS,
    majorities_ring::NEMESIS,
    bridge::NEMESIS,
    even_split::NEMESIS,
    step_down::NEMESIS,
    shut_down::NEMESIS,
    membership::NEMESIS,
    grow::NEMESIS,
    wipe_data::NEMESIS,
    swap_binary::NEMESIS,
    client_links::NEMESIS,
    half_open::NEMESIS,
    lossy_links::NEMESIS,
    corrupt_links::NEMESIS,
    duplicate_links::NEMESIS,
    reorder_links::NEMESIS,
    file_limit::NEMESIS,
    memory_limit::NEMESIS,
    schedules::primary_divergence::NEMESIS,
    schedules::rollback_sequence::NEMESIS,
    schedules::swizzle_clog::NEMESIS,
    schedules::flapping::NEMESIS,
    schedules::pause_across_election::NEMESIS,
    schedules::clock_around_step_down::NEMESIS,
    schedules::old_majority_loses_power::NEMESIS,
    schedules::leader_loses_power::NEMESIS,
    schedules::chained_secondaries::NEMESIS,
    schedules::initial_sync_interrupted::NEMESIS,
    schedules::stale_member::NEMESIS,
    schedules::member_replaced::NEMESIS,
    schedules::arbiter_acknowledges::NEMESIS,
    schedules::reconfig_under_partition::NEMESIS,
    schedules::reconfig_diverges::NEMESIS,
    schedules::rolling_restart::NEMESIS,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_told() {
        let names: std::collections::BTreeSet<&str> = NEMESES.iter().map(|nemesis| nemesis.name).collect();
        assert_eq!(names.len(), NEMESES.len());
        assert!(NEMESES.iter().all(|nemesis| !nemesis.about.is_empty()));
    }
}
