//! What must be reachable: a model in which nothing happens proves nothing.

use protocol::state::State;

use super::bounds::{Bounds, CatchUp, Disks};
use super::member::Pending;
use super::replica_set::ReplicaSet;
use super::state::ClusterState;

/// A state that some path must reach, within bounds that allow it.
#[derive(Clone, Copy)]
pub struct Sometimes {
    /// What is reached.
    pub name: &'static str,
    /// Whether it can be reached within these bounds.
    pub within: fn(&Bounds) -> bool,
    /// Whether this state shows it.
    pub shows: fn(&ReplicaSet, &ClusterState) -> bool,
}

/// All of them.
pub const SOMETIMES: [Sometimes; 11] = [
    Sometimes {
        name: "a primary is elected in the last term",
        within: |_| true,
        shows: |model, state| {
            let last = model.bounds().term_max;
            model.view(state, |cluster| {
                cluster.primaries().any(|primary| primary.term.0 == last)
            })
        },
    },
    Sometimes {
        name: "two primaries lead different terms",
        within: |bounds| bounds.term_max >= 2 && bounds.members >= 3 && bounds.ahead == 0,
        shows: |model, state| model.view(state, |cluster| cluster.primaries().count() == 2),
    },
    Sometimes {
        name: "a primary commits an entry of its term",
        within: |_| true,
        shows: |model, state| model.ghosts(state).committed.len() > 1,
    },
    Sometimes {
        name: "a majority write is acknowledged",
        within: |bounds| bounds.writes_max > 0,
        shows: |model, state| !model.ghosts(state).acknowledged.is_empty(),
    },
    Sometimes {
        name: "a secondary learns the commit point",
        within: |bounds| bounds.members > 1,
        shows: |model, state| {
            let committed = model.ghosts(state).committed.last().map(|(entry, _)| *entry);
            model.view(state, |cluster| {
                let mut secondaries = cluster.states().filter(|state| !state.is_primary());
                committed.is_some_and(|entry| {
                    entry.term.0 > 0 && secondaries.any(|state| state.commit_point == entry)
                })
            })
        },
    },
    Sometimes {
        // It pulls from nobody, so a heartbeat is all that it has.
        name: "an arbiter learns the commit point",
        within: |bounds| bounds.arbiters > 0,
        shows: |model, state| {
            model.view(state, |cluster| {
                let arbiters = cluster
                    .states()
                    .filter(|state| state.my_config().is_some_and(|me| me.arbiter));
                let mut points = arbiters.map(|arbiter| arbiter.commit_point);
                points.any(|point| point.term.0 > 0)
            })
        },
    },
    Sometimes {
        name: "the preferred member leads",
        within: |bounds| bounds.probes,
        shows: |model, state| {
            model.view(state, |cluster| {
                let priority = |state: &State| state.my_config().map_or(0, |me| me.priority_milli);
                cluster.primaries().any(|primary| priority(primary) > 1000)
            })
        },
    },
    Sometimes {
        name: "a member rolls back",
        within: |bounds| bounds.term_max >= 2 && bounds.disks == Disks::Delayed,
        shows: |model, state| {
            (0..model.bounds().members).any(|it| {
                model
                    .member(state, it)
                    .pending
                    .iter()
                    .any(|pending| matches!(pending, Pending::Cut(_)))
            })
        },
    },
    Sometimes {
        name: "every member has the last configuration",
        within: Bounds::reconfigures,
        shows: |model, state| {
            let last = model.bounds().config_version_max;
            model.view(state, |cluster| {
                cluster.states().all(|member| member.config.id.version == last)
            })
        },
    },
    Sometimes {
        name: "two primaries have different configurations",
        within: |bounds| bounds.reconfigures() && bounds.term_max >= 2 && bounds.voteless == 0,
        shows: |model, state| {
            model.view(state, |cluster| {
                let mut primaries = cluster.primaries().map(|primary| primary.config.id.version);
                primaries
                    .next()
                    .is_some_and(|first| primaries.any(|other| other != first))
            })
        },
    },
    Sometimes {
        name: "a new primary catches up",
        within: |bounds| bounds.catch_up == CatchUp::Explored && bounds.term_max >= 2,
        shows: |model, state| {
            model.view(state, |cluster| {
                cluster
                    .primaries()
                    .any(|primary| !primary.is_writable() && primary.sync_source.is_some())
            })
        },
    },
];
