//! `BecomePrimary` (R-27, R-40…R-43): count the votes, catch up with whoever is ahead, write the first entry of
//! the new term; only then take writes.

use super::rule::{Context, Rule};
use super::stand_for_election::{Quorum, has_majority};
use crate::config::MemberSet;
use crate::input::Input;
use crate::message::{Body, MemberState};
use crate::optime::OpTime;
use crate::output::{Content, Output};
use crate::state::{Mode, Role};
use crate::timer::Timer;

/// See the module.
pub const RULE: Rule = Rule {
    name: "become_primary",
    act: |context| become_primary(context, has_majority, write_first_entry),
};

/// What a new primary does when it has caught up.
pub type Drained = fn(&mut Context<'_>);

/// Wins under the given rule of what is enough, then does `drained` once it has caught up.
pub fn become_primary(context: &mut Context<'_>, quorum: Quorum, drained: Drained) -> Option<()> {
    count_vote(context);
    match context.state.role {
        Role::Candidate { granted } if quorum(context.state, granted) => win(context),
        Role::Primary(Mode::CatchUp { heard, target }) => {
            let timed_out = context.timer() == Some(Timer::CatchUp);
            note_who_is_ahead(context, heard, target);
            let caught_up = has_caught_up(context);
            (timed_out || caught_up || is_progress(context)).then_some(())?;
            if timed_out || caught_up {
                finish(context, drained);
            }
            return Some(());
        }
        _ => return None,
    }
    if has_caught_up(context) {
        finish(context, drained);
    }
    Some(())
}

fn count_vote(context: &mut Context<'_>) {
    let Role::Candidate { mut granted } = context.state.role else {
        return;
    };
    let Some(message) = context.message() else { return };
    let Body::VoteResponse {
        dry_run: false,
        asked,
        granted: true,
    } = message.body
    else {
        return;
    };
    let Some(position) = context.state.config.position(message.from) else {
        return;
    };
    // Before the own vote is durable nobody was asked, so an answer can only be an old one.
    if asked == context.state.term && !granted.is_empty() {
        granted.insert(position);
        context.state.role = Role::Candidate { granted };
    }
}

fn win(context: &mut Context<'_>) {
    let mut heard = MemberSet::EMPTY;
    if let Some(position) = context.state.my_position() {
        heard.insert(position);
    }
    let state = &mut *context.state;
    state.role = Role::Primary(Mode::CatchUp {
        heard,
        target: state.last_written(),
    });
    state.primary = Some(state.me);
    // Until the first entry of this term is written nothing may be committed.
    state.first_of_term = None;
    context.clear_progress();
    context.out(Output::CancelTimer(Timer::Election));
    context.change_state(MemberState::Primary);
    context.arm(Timer::CatchUp);
    context.heartbeat_all();
}

fn note_who_is_ahead(context: &mut Context<'_>, mut heard: MemberSet, mut target: OpTime) {
    let Some(message) = context.message() else { return };
    let Body::HeartbeatResponse { written, .. } = message.body else {
        return;
    };
    let Some(position) = context.state.config.position(message.from) else {
        return;
    };
    heard.insert(position);
    target = target.max(written);
    context.state.role = Role::Primary(Mode::CatchUp { heard, target });
    if written > context.state.last_written() && context.state.sync_source.is_none() {
        context.state.sync_source = Some(message.from);
        context.fetch();
    }
}

/// Everybody who seems alive has answered, and nobody is ahead.
fn has_caught_up(context: &Context<'_>) -> bool {
    let state = &context.state;
    let Role::Primary(Mode::CatchUp { heard, target }) = state.role else {
        return false;
    };
    let all_heard = state
        .others()
        .all(|(position, _)| heard.contains(position) || !state.seen[position].up);
    all_heard && state.last_written() >= target
}

fn is_progress(context: &Context<'_>) -> bool {
    let Input::Message(message) = context.input else {
        return false;
    };
    matches!(message.body, Body::HeartbeatResponse { .. })
}

fn finish(context: &mut Context<'_>, drained: Drained) {
    context.state.sync_source = None;
    context.state.fetch_missed = false;
    context.out(Output::CancelTimer(Timer::Fetch));
    context.out(Output::CancelTimer(Timer::CatchUp));
    drained(context);
    context.state.role = Role::Primary(Mode::Writable);
    // Writable now: `hello` waiters hear of it.
    context.out(Output::StateChanged(MemberState::Primary));
}

/// The first entry of the term: what makes older entries committable (Raft §5.4.2, §8; R-42).
pub fn write_first_entry(context: &mut Context<'_>) {
    let first = context.append_own(Content::NewPrimary, 1);
    context.state.first_of_term = Some(first);
}
