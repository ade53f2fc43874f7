//! I-04, StateMachineSafety (Raft §5.4.3): there is one committed history; no primary ever commits beside it.

use super::cluster::Cluster;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-04",
    name: "state machine safety",
    check: Check::State(second_history),
};

fn second_history(cluster: &Cluster<'_>) -> Option<String> {
    let ghosts = cluster.ghosts;
    ghosts
        .branched
        .then(|| "a primary committed entries beside the committed history".to_owned())
}
