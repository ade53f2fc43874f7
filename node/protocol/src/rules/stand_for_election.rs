//! Standing for election (R-24…R-28): a dry run first, then a new term, the own vote durable, then the requests.

use super::rule::{Context, Rule};
use crate::config::MemberSet;
use crate::input::Input;
use crate::message::{Body, MemberState};
use crate::output::{Output, Token, Vote};
use crate::state::{Role, State};
use crate::timer::Timer;

/// See the module.
pub const RULE: Rule = Rule {
    name: "stand_for_election",
    act: |context| stand_for_election(context, has_majority),
};

/// Are these voters enough to win?
pub type Quorum = fn(&State, MemberSet) -> bool;

/// More than half of the voters of the present configuration.
#[must_use]
pub fn has_majority(state: &State, granted: MemberSet) -> bool {
    state.config.is_majority(granted)
}

/// Stands when the time has come, under the given rule of what is enough.
pub fn stand_for_election(context: &mut Context<'_>, quorum: Quorum) -> Option<()> {
    match context.input {
        Input::Timer(Timer::Election) => {
            (!context.state.is_primary()).then_some(())?;
            context.arm_election();
            is_electable(context.state).then_some(())?;
            dry_run(context, quorum);
        }
        Input::StepUp { skip_dry_run } => {
            (!context.state.is_primary() && is_electable(context.state)).then_some(())?;
            if *skip_dry_run {
                stand(context);
            } else {
                // Who asks a member that is behind, again and again, would else end term after term.
                dry_run(context, quorum);
            }
        }
        Input::Message(_) => {
            let message = context.message()?;
            match message.body {
                Body::StepUp => {
                    (message.term == context.state.term && context.state.role == Role::Follower)
                        .then_some(())?;
                    is_electable(context.state).then_some(())?;
                    stand(context);
                }
                Body::VoteResponse {
                    dry_run: true,
                    asked,
                    granted: true,
                } => {
                    let Role::DryRun { mut granted } = context.state.role else {
                        return None;
                    };
                    (asked == context.state.term).then_some(())?;
                    granted.insert(context.state.config.position(message.from)?);
                    context.state.role = Role::DryRun { granted };
                    if quorum(context.state, granted) {
                        stand(context);
                    }
                }
                _ => return None,
            }
        }
        Input::Persisted(Token::Vote(vote)) => return ask_for_votes(context, *vote),
        _ => return None,
    }
    Some(())
}

/// every reason not to stand.
#[must_use]
pub fn is_electable(state: &State) -> bool {
    let Some(me) = state.my_config() else { return false };
    let mut visible = MemberSet::EMPTY;
    for (position, member) in state.config.members.iter().enumerate() {
        if member.id == state.me || state.seen[position].up {
            visible.insert(position);
        }
    }
    me.is_electable()
        && !state.frozen
        && state.member_state == MemberState::Secondary
        && !state.last_written().is_null()
        && state.config.is_majority(visible)
}

/// Asks whether it would win, in the present term; a lone voter stands at once.
pub(super) fn dry_run(context: &mut Context<'_>, quorum: Quorum) {
    ask_around(context, quorum, false);
}

/// As [`dry_run`]; `unless_led`: whoever hears a primary is to say no.
pub(super) fn ask_around(context: &mut Context<'_>, quorum: Quorum, unless_led: bool) {
    let mut granted = MemberSet::EMPTY;
    if let Some(position) = context.state.my_position() {
        granted.insert(position);
    }
    context.state.role = Role::DryRun { granted };
    if quorum(context.state, granted) {
        stand(context);
        return;
    }
    ask(context, true, unless_led);
}

/// A new term, and the own vote on its way to disk: nobody is asked before it is there.
fn stand(context: &mut Context<'_>) {
    let state = &mut *context.state;
    state.term = state.term.next();
    state.primary = None;
    state.vote = Vote {
        term: state.term,
        candidate: Some(state.me),
    };
    state.role = Role::Candidate {
        granted: MemberSet::EMPTY,
    };
    let vote = state.vote;
    context.clear_progress();
    // A question of its own would take it out of the race again.
    context.out(Output::CancelTimer(Timer::Suspicion));
    context.out(Output::PersistVote(vote));
    context.arm_election();
}

fn ask_for_votes(context: &mut Context<'_>, vote: Vote) -> Option<()> {
    let state = &mut *context.state;
    let Role::Candidate { mut granted } = state.role else {
        return None;
    };
    // A candidate's own vote is of its term.
    (vote == state.vote && vote.candidate == Some(state.me)).then_some(())?;
    granted.insert(state.my_position()?);
    state.role = Role::Candidate { granted };
    ask(context, false, false);
    Some(())
}

fn ask(context: &mut Context<'_>, dry_run: bool, unless_led: bool) {
    let state = &context.state;
    let body = Body::VoteRequest {
        dry_run,
        unless_led,
        config: state.config.id,
        last: state.last_written(),
    };
    let voters: Vec<_> = state
        .others()
        .filter(|(position, _)| state.config.members[*position].is_voter())
        .collect();
    for (_, id) in voters {
        context.send(id, body.clone());
    }
}
