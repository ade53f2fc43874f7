//! the configuration in force at a member only gets newer.

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "R-106",
    name: "configurations only get newer",
    check: Check::Step(older),
};

fn older(step: &Step<'_>) -> Option<String> {
    let (before, after) = (step.before.config.id, step.after.config.id);
    (before != after && !after.is_newer_than(before)).then(|| {
        format!(
            "member {} goes back from version {} term {} to version {} term {}",
            step.after.me.0, before.version, before.term.0, after.version, after.term.0
        )
    })
}
