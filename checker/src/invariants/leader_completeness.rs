//! I-03, LeaderCompleteness (Raft §5.4): whoever leads a term has every entry that was committed in earlier ones.

use super::cluster::Cluster;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-03",
    name: "leader completeness",
    check: Check::State(missing_entry),
};

fn missing_entry(cluster: &Cluster<'_>) -> Option<String> {
    cluster.primaries().find_map(|primary| {
        // Whoever has the newest of them has the others too, by log matching.
        let mut committed = cluster.ghosts.committed.iter().rev();
        let (entry, term) = committed.find(|(_, term)| *term < primary.term)?;
        (!primary.oplog.contains(*entry)).then(|| {
            let (member, its_term) = (primary.me.0, primary.term.0);
            format!(
                "member {member} leads term {its_term} without {entry}, committed in term {}",
                term.0
            )
        })
    })
}
