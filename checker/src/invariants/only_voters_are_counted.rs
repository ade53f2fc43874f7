//! I-20, SyncingNotCounted (R-11, R-29b, R-100): whoever has no vote, a new member that still syncs among them, is
//! counted in no election.

use protocol::config::MemberSet;
use protocol::input::Input;
use protocol::message::Body;
use protocol::state::{Role, State};

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-20",
    name: "only voters are counted",
    check: Check::Step(counts_another),
};

fn counts_another(step: &Step<'_>) -> Option<String> {
    let Input::Message(message) = step.input else {
        return None;
    };
    matches!(message.body, Body::VoteResponse { granted: true, .. }).then_some(())?;
    let position = step.before.config.position(message.from)?;
    let voter = step.before.config.members[position].is_voter();
    let won = step.after.is_primary() && !step.before.is_primary();
    let counted = granted(step.after).contains(position) || won;
    (!voter && counted).then(|| {
        let (me, other) = (step.after.me.0, message.from.0);
        format!("member {me} counts the vote of member {other}, which has none")
    })
}

fn granted(state: &State) -> MemberSet {
    match state.role {
        Role::Candidate { granted } | Role::DryRun { granted } => granted,
        _ => MemberSet::EMPTY,
    }
}
