//! I-11, MajorityReadsCommitted (ReaderSeesCommitted), and with it I-07, CommitPointOnOwnBranch: wherever a
//! majority read would look, it would see a prefix of the committed history.

use super::cluster::Cluster;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-11",
    name: "majority reads are committed",
    check: Check::State(reads_uncommitted),
};

fn reads_uncommitted(cluster: &Cluster<'_>) -> Option<String> {
    cluster.members.iter().find_map(|member| {
        let point = member.majority_read?;
        (!cluster.ghosts.is_committed(point)).then(|| {
            format!(
                "a majority read at member {} would see {point}, which is not committed",
                member.disk.me.0
            )
        })
    })
}
