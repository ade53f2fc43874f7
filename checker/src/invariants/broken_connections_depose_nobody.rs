//! there is an election when no primary is heard. A broken connection is no proof: who hears a primary refuses the
//! question of a member that has lost it.

use protocol::input::Input;
use protocol::message::Body;
use protocol::output::Output;

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "R-24",
    name: "broken connections depose nobody",
    check: Check::Step(deposed),
};

fn deposed(step: &Step<'_>) -> Option<String> {
    let Input::Message(question) = step.input else {
        return None;
    };
    let Body::VoteRequest { unless_led: true, .. } = question.body else {
        return None;
    };
    let voter = step.before;
    let leader = voter.primary.filter(|primary| *primary != question.from)?;
    // A newer term has no primary yet.
    let same_term = question.term == voter.term;
    let agrees = step.outputs.iter().any(|output| match output {
        Output::Send(answer) => matches!(answer.body, Body::VoteResponse { granted: true, .. }),
        _ => false,
    });
    (same_term && agrees).then(|| {
        let (me, candidate, leader) = (voter.me.0, question.from.0, leader.0);
        format!("member {me} would elect member {candidate}, which has lost the primary {leader}, though it hears {leader}")
    })
}
