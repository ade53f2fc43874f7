//! I-08, LeaderAppendOnly (Raft §5.3): a primary never removes or replaces entries of its oplog.

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-08",
    name: "leader append only",
    check: Check::Step(primary_removes),
};

fn primary_removes(step: &Step<'_>) -> Option<String> {
    let leads_on = step.before.is_primary() && step.after.is_primary() && step.before.term == step.after.term;
    let last = step.before.oplog.last();
    (leads_on && !step.after.oplog.contains(last))
        .then(|| format!("member {} leads and removed {last}", step.after.me.0))
}
