//! Who disturbs. A nemesis decides; the live cluster and the simulator suffer.

pub mod clock;
pub mod crash_at_sync;
pub mod dice;
pub mod disk_error;
pub mod disk_lies;
pub mod fault;
pub mod file_damage;
pub mod jam;
pub mod kill;
#[expect(
    clippy::module_inception,
    reason = "the type of the room bears the room's name, as everywhere in this tree"
)]
pub mod nemesis;
pub mod partition;
pub mod pause;
pub mod power_loss;
pub mod reset_connections;
pub mod shapes;
pub mod slow_disk;
pub mod slow_links;
pub mod targets;
pub mod terminate;
pub mod throttle;
pub mod view;
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
