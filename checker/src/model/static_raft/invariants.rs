//! What must hold in every state, by the names of the specification.

use super::bounds::Bounds;
use super::state::ClusterState;

/// A predicate over one state.
pub type Holds = fn(&ClusterState, &Bounds) -> bool;

/// The specification's invariants; those that TLC checks in the published configuration, and log matching.
pub const INVARIANTS: [(&str, Holds); 4] = [
    ("one primary per term", one_primary_per_term),
    ("log matching", log_matching),
    ("leader completeness", leader_completeness),
    ("state machine safety", state_machine_safety),
];

/// States that must be reachable; otherwise the invariants hold for want of anything to judge.
pub const SOMETIMES: [(&str, Holds); 3] = [
    ("two primaries in different terms", |state, bounds| {
        (0..bounds.servers)
            .filter(|number| state.server(*number).is_primary())
            .count()
            == 2
    }),
    ("an entry is committed", |state, _| {
        state.committed().next().is_some()
    }),
    ("logs diverge", |state, bounds| {
        pairs(bounds).any(|(one, other)| {
            let (one, other) = (state.server(one), state.server(other));
            !one.log_is_prefix_of(other) && !other.log_is_prefix_of(one)
        })
    }),
];

/// Whether a state breaks any invariant.
pub fn is_violated(state: &ClusterState, bounds: &Bounds) -> bool {
    INVARIANTS.iter().any(|(_, holds)| !holds(state, bounds))
}

fn one_primary_per_term(state: &ClusterState, bounds: &Bounds) -> bool {
    pairs(bounds).all(|(one, other)| {
        let (one, other) = (state.server(one), state.server(other));
        !(one.is_primary() && other.is_primary() && one.term() == other.term())
    })
}

fn log_matching(state: &ClusterState, bounds: &Bounds) -> bool {
    pairs(bounds).all(|(one, other)| {
        let (one, other) = (state.server(one), state.server(other));
        (1..=one.log_length().min(other.log_length())).all(|index| {
            one.entry(index) != other.entry(index) || one.log_prefix(index) == other.log_prefix(index)
        })
    })
}

fn leader_completeness(state: &ClusterState, bounds: &Bounds) -> bool {
    (0..bounds.servers)
        .map(|number| state.server(number))
        .filter(|server| server.is_primary())
        .all(|primary| {
            state
                .committed()
                .filter(|committed| committed.term < primary.term())
                .all(|committed| primary.entry(committed.index) == committed.entry_term)
        })
}

fn state_machine_safety(state: &ClusterState, _: &Bounds) -> bool {
    let mut last_index = 0;
    state
        .committed()
        .all(|committed| std::mem::replace(&mut last_index, committed.index) != committed.index)
}

fn pairs(bounds: &Bounds) -> impl Iterator<Item = (usize, usize)> + use<> {
    let servers = bounds.servers;
    (0..servers).flat_map(move |one| (one + 1..servers).map(move |other| (one, other)))
}
