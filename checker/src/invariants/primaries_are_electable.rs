//! R-50d: whoever leads could be elected in the configuration that is in force at it.

use protocol::state::State;

use super::cluster::Cluster;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "R-50",
    name: "primaries are electable",
    check: Check::State(leads_from_outside),
};

fn leads_from_outside(cluster: &Cluster<'_>) -> Option<String> {
    let outside = |state: &&State| !state.my_config().is_some_and(|me| me.is_electable());
    let stray = cluster.primaries().find(outside)?;
    Some(format!(
        "member {} leads a set in which it can't be elected",
        stray.me.0
    ))
}
