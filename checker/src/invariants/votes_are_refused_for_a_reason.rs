//! a vote is refused for one of the reasons that the protocol has, and for no other: one reason too many, and a
//! set that could go on stays without a primary.

use protocol::input::Input;
use protocol::message::{Body, MemberState, Message};
use protocol::output::Output;
use protocol::state::{Role, State};

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "R-29",
    name: "votes are refused for a reason",
    check: Check::Step(refuses_without),
};

fn refuses_without(step: &Step<'_>) -> Option<String> {
    let Input::Message(request) = step.input else {
        return None;
    };
    let Body::VoteRequest { .. } = request.body else {
        return None;
    };
    let refused = step.outputs.iter().any(|output| match output {
        Output::Send(answer) => matches!(answer.body, Body::VoteResponse { granted: false, .. }),
        _ => false,
    });
    (refused && !has_reason(step.before, request)).then(|| {
        let (me, candidate) = (step.before.me.0, request.from.0);
        format!("member {me} refuses its vote to member {candidate} for no reason")
    })
}

fn has_reason(voter: &State, request: &Message) -> bool {
    let Body::VoteRequest {
        dry_run,
        unless_led,
        config,
        last,
    } = request.body
    else {
        return false;
    };
    let pending = voter.config_pending.as_ref().map(|pending| pending.config.id);
    let newest = [Some(voter.config.id), pending];
    let older_config = newest
        .into_iter()
        .flatten()
        .any(|mine| mine.is_newer_than(config));
    voter.initial_sync.is_some()
        || older_config
        || request.term < voter.term
        || last < voter.last_written()
        || (!dry_run && voter.vote.term >= request.term)
        || (unless_led && hears_primary(voter, request))
        || sees_primary(voter, request)
}

fn hears_primary(voter: &State, request: &Message) -> bool {
    let asks = matches!(voter.role, Role::DryRun { .. });
    let first = voter.config.position(voter.me) < voter.config.position(request.from);
    voter.is_primary() || voter.primary.is_some_and(|primary| primary != request.from) || (asks && first)
}

fn sees_primary(voter: &State, request: &Message) -> bool {
    let priority = |id| voter.config.member(id).map_or(0, |row| row.priority_milli);
    let arbiter = voter.my_config().is_some_and(|me| me.arbiter);
    let mut others = voter.others().filter(|(_, id)| *id != request.from);
    arbiter
        && others.any(|(position, id)| {
            let seen = &voter.seen[position];
            seen.up && seen.state == MemberState::Primary && priority(id) >= priority(request.from)
        })
}
