//! I-09, DurableNeverAheadOfWritten: what a member calls durable is in its oplog and on its disk.

use super::cluster::Cluster;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-09",
    name: "durable never ahead of disk",
    check: Check::State(claims_too_much),
};

fn claims_too_much(cluster: &Cluster<'_>) -> Option<String> {
    cluster.members.iter().find_map(|member| {
        let state = member.state?;
        let durable = state.durable;
        let is_true = durable <= state.oplog.last() && member.disk.oplog.contains(durable);
        (!is_true).then(|| {
            let (me, disk) = (state.me.0, member.disk.oplog.last());
            format!("member {me} calls {durable} durable; its disk ends at {disk}")
        })
    })
}
