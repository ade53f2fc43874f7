//! only a primary, or a secondary of which the client said so, answers; nobody else ever does.

use protocol::input::Input;
use protocol::message::MemberState;
use protocol::output::Output;

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-19",
    name: "reads are answered by whom the client allowed",
    check: Check::Step(answers_unasked),
};

fn answers_unasked(step: &Step<'_>) -> Option<String> {
    let Input::ClientRead { secondary_ok, .. } = *step.input else {
        return None;
    };
    let answered = step
        .outputs
        .iter()
        .any(|output| matches!(output, Output::ServeRead { .. }));
    let state = step.before.member_state;
    let allowed = match state {
        MemberState::Primary => true,
        MemberState::Secondary => secondary_ok,
        _ => false,
    };
    (answered && !allowed).then(|| format!("member {} answers a read as {state:?}", step.before.me.0))
}
