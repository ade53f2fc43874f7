//! I-13, MonotoneCommitPoint: within one life of a member its commit point never falls.

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-13",
    name: "commit point only rises",
    check: Check::Step(falls),
};

fn falls(step: &Step<'_>) -> Option<String> {
    let (before, after) = (step.before.commit_point, step.after.commit_point);
    (after < before).then(|| {
        format!(
            "member {}'s commit point fell from {before} to {after}",
            step.after.me.0
        )
    })
}
