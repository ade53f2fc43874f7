//! I-10, AckBackedByMajority (NoSplitBrainAck): a write acknowledged with `w: "majority"` is on the disks of a
//! majority from that instant on, and in every later primary.

use super::cluster::Cluster;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-10",
    name: "acknowledged is backed by majority",
    check: Check::State(unbacked),
};

fn unbacked(cluster: &Cluster<'_>) -> Option<String> {
    // Then the later primaries are what counts.
    let unchanged = cluster.is_as_founded();
    let needed = cluster.members.first()?.disk.config.write_majority();
    let acknowledged = &cluster.ghosts.acknowledged;
    // The entries of one term are one branch: whoever has the newest has the others.
    let newest_of_term = acknowledged.iter().enumerate().filter(|(place, entry)| {
        acknowledged
            .get(place + 1)
            .is_none_or(|next| next.term > entry.term)
    });
    newest_of_term.map(|(_, entry)| entry).find_map(|entry| {
        let durable = cluster.durable_on(*entry);
        if unchanged && durable < needed {
            return Some(format!(
                "{entry} was acknowledged and is durable on {durable} members, not on {needed}"
            ));
        }
        let mut later = cluster.primaries().filter(|primary| primary.term > entry.term);
        let lacks = later.find(|primary| !primary.oplog.contains(*entry))?;
        Some(format!(
            "{entry} was acknowledged and member {}, elected later, lacks it",
            lacks.me.0
        ))
    })
}
