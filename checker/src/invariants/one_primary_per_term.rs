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
    // Sorted by term, so two of one term are neighbours.
    let elected = &cluster.ghosts.elected;
    let pair = elected.windows(2).find(|pair| pair[0].0 == pair[1].0)?;
    Some(format!(
        "members {} and {} were both elected in term {}",
        pair[0].1.0, pair[1].1.0, pair[0].0.0
    ))
}
