//! I-05, NeverRollbackCommitted (RaftMongo), in its global form: what was committed stays on the disks of a
//! majority.
//!
//! The stronger form, "no member ever takes back a committed entry", does not hold, and need not: A rolls back
//! its entry *e* of term 1 against B, which has an entry of term 2; while A's disk is busy with the cut, B rolls
//! back too, against the primary of term 3, which has *e*; now *e* is committed on B and the primary; A's cut
//! ends. A was never counted for *e*, and will fetch it again (compare SERVER-39626).

use super::cluster::Cluster;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-05",
    name: "never roll back committed",
    check: Check::State(on_a_minority),
};

fn on_a_minority(cluster: &Cluster<'_>) -> Option<String> {
    // With reconfigurations: who leads later has it (I-03), and nobody cuts it off by another's log.
    cluster.is_as_founded().then_some(())?;
    let needed = cluster.members.first()?.disk.config.write_majority();
    // Whoever has the newest has the others too, by log matching.
    let (newest, _) = cluster.ghosts.committed.last()?;
    let holders = cluster.durable_on(*newest);
    (holders < needed)
        .then(|| format!("{newest} is committed and durable on {holders} members, not on {needed}"))
}
