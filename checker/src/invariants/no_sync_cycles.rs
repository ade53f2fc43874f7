//! I-18: who is heard to pull from a member is no source of that member (SERVER-58988).

use protocol::input::Input;
use protocol::message::Body;

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-18",
    name: "no two members pull from each other",
    check: Check::Step(stays_in_circle),
};

fn stays_in_circle(step: &Step<'_>) -> Option<String> {
    let Input::Message(message) = step.input else {
        return None;
    };
    let Body::HeartbeatResponse { sync_source, .. } = message.body else {
        return None;
    };
    let circle = sync_source == Some(step.after.me) && step.after.sync_source == Some(message.from);
    // The search for a common point ends by itself.
    (circle && step.after.rollback.is_none()).then(|| {
        let (me, other) = (step.after.me.0, message.from.0);
        format!("members {me} and {other} pull from each other")
    })
}
