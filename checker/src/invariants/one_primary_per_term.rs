//! I-01, ElectionSafety (`OnePrimaryPerTerm`; Raft §5.2): no two members are ever elected in one term.

use super::cluster::Cluster;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-01",
    name: "one primary per term",
    check: Check::State(two_in_a_term),
};

fn two_in_a_term(cluster: &Cluster<'_>) -> Option<String> {
    let term = cluster.ghosts.elected_twice?;
    let leads = cluster
        .primaries()
        .filter(|primary| primary.term == term)
        .map(|primary| primary.me.0);
    let still: Vec<_> = leads.collect();
    Some(format!(
        "two elections were won in term {}; members that lead it now: {still:?}",
        term.0
    ))
}
