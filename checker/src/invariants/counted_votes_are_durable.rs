//! I-14, VotePersist: a vote that a candidate counts is on the voter's disk.

use protocol::state::Role;

use super::cluster::Cluster;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-14",
    name: "counted votes are durable",
    check: Check::State(forgettable_vote),
};

fn forgettable_vote(cluster: &Cluster<'_>) -> Option<String> {
    cluster.states().find_map(|candidate| {
        let Role::Candidate { granted } = candidate.role else {
            return None;
        };
        let voters = cluster
            .members
            .iter()
            .enumerate()
            .filter(|(position, _)| granted.contains(*position));
        let (_, voter) = voters
            .into_iter()
            .find(|(_, voter)| voter.disk.vote.term < candidate.term)?;
        let (me, term, voter) = (candidate.me.0, candidate.term.0, voter.disk.me.0);
        Some(format!(
            "member {me} counts the vote of member {voter} in term {term}, which is not on its disk"
        ))
    })
}
