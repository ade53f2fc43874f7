//! I-05, NeverRollbackCommitted (RaftMongo): no member takes back an entry of the committed history.

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-05",
    name: "never roll back committed",
    check: Check::Step(takes_back_committed),
};

fn takes_back_committed(step: &Step<'_>) -> Option<String> {
    let lost = step
        .before
        .oplog
        .iter()
        .rev()
        .take_while(|entry| !step.after.oplog.contains(*entry));
    let entry = lost.filter(|entry| step.ghosts.is_committed(*entry)).last()?;
    Some(format!(
        "member {} took back {entry}, which is committed",
        step.after.me.0
    ))
}
