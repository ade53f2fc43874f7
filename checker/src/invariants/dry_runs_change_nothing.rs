//! a dry run asks only. The voter's term and vote stay as they were, unless the candidate's term is newer.

use protocol::input::Input;
use protocol::message::Body;

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "R-26",
    name: "dry runs change nothing",
    check: Check::Step(dry_run_with_effect),
};

fn dry_run_with_effect(step: &Step<'_>) -> Option<String> {
    let Input::Message(message) = step.input else {
        return None;
    };
    let Body::VoteRequest { dry_run: true, .. } = message.body else {
        return None;
    };
    // Nobody believes a stranger.
    let told = match step.before.config.position(message.from) {
        Some(_) => message.term,
        None => step.before.term,
    };
    let same = step.before.vote == step.after.vote && step.after.term == step.before.term.max(told);
    (!same).then(|| format!("a dry run changed the vote or term of member {}", step.after.me.0))
}
