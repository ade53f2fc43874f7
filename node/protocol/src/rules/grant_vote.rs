//! `processReplSetRequestVotes`: a vote is given at most once a term, only to a candidate whose log and
//! configuration are at least as new, and it is durable before the candidate hears of it.

use super::rule::{Context, Rule};
use super::stand_for_election::is_electable;
use crate::config::{ConfigId, MemberId};
use crate::input::Input;
use crate::message::{Body, MemberState};
use crate::optime::{OpTime, Term};
use crate::output::{Output, Token, Vote};
use crate::state::{Role, State};
use crate::timer::Timer;

/// See the module.
pub const RULE: Rule = Rule {
    name: "grant_vote",
    act: |context| grant_vote(context, &CHECKS),
};

/// What a candidate asks for.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Who.
    pub candidate: MemberId,
    /// Its term.
    pub term: Term,
    /// Asks only.
    pub dry_run: bool,
    /// Wants a "no" from whoever hears a primary.
    pub unless_led: bool,
    /// Its configuration.
    pub config: ConfigId,
    /// Its newest entry.
    pub last: OpTime,
}

/// One reason to refuse.
pub type Check = fn(&State, &Request) -> bool;

/// The reasons to refuse, in MongoDB's order. The set name is checked by the shell, at the border.
pub const CHECKS: [Check; 8] = [
    has_no_data,
    has_older_config,
    has_older_term,
    has_staler_log,
    has_my_vote_gone,
    has_arbiter_seen_a_primary,
    is_led,
    asks_itself,
];

/// Grants unless one of `checks` refuses.
pub fn grant_vote(context: &mut Context<'_>, checks: &[Check]) -> Option<()> {
    if let Input::Persisted(Token::Vote(vote)) = *context.input {
        return reply_once_durable(context, vote);
    }
    let message = context.message()?;
    let Body::VoteRequest {
        dry_run,
        unless_led,
        config,
        last,
    } = message.body
    else {
        return None;
    };
    let request = Request {
        candidate: message.from,
        term: message.term,
        dry_run,
        unless_led,
        config,
        last,
    };
    let granted = !checks.iter().any(|refuses| refuses(context.state, &request));
    if !granted && asks_itself(context.state, &request) {
        // Its own question may have been refused by one that heard the primary then: it is asked anew.
        context.arm(Timer::Suspicion);
    }
    if granted {
        // Somebody stands, or is about to: two who ask at once would split the votes.
        context.out(Output::CancelTimer(Timer::Suspicion));
        if unless_led && matches!(context.state.role, Role::DryRun { .. }) {
            // It asked the same, and the other one is to stand.
            context.state.role = Role::Follower;
        }
    }
    if granted && !dry_run {
        // If the candidate heard "yes" before this is on disk, then: we crash; we come back without the vote; we
        // give it to another candidate of the same term; two primaries.
        let vote = Vote {
            term: context.state.term,
            candidate: Some(request.candidate),
        };
        context.state.vote = vote;
        context.out(Output::PersistVote(vote));
        context.arm_election();
    } else {
        context.send(
            message.from,
            Body::VoteResponse {
                dry_run,
                asked: message.term,
                granted,
            },
        );
    }
    Some(())
}

fn reply_once_durable(context: &mut Context<'_>, vote: Vote) -> Option<()> {
    let state = &mut *context.state;
    // Records reach the disk in the order in which they were asked for: the one that was confirmed last is there.
    state.vote_durable = vote;
    if let Some(candidate) = vote.candidate
        && candidate != state.me
        && vote.term == state.term
        && vote == state.vote
    {
        context.send(
            candidate,
            Body::VoteResponse {
                dry_run: false,
                asked: vote.term,
                granted: true,
            },
        );
    }
    Some(())
}

/// I have thrown my data away, or forgotten what I voted: what I say would not count for what I held.
pub fn has_no_data(state: &State, _request: &Request) -> bool {
    state.initial_sync.is_some()
}

/// 1. The candidate's configuration is older than mine, or than the one that is on its way to my disk:
///    after a crash I may have it.
pub fn has_older_config(state: &State, request: &Request) -> bool {
    let pending = state.config_pending.as_ref();
    state.config.id.is_newer_than(request.config)
        || pending.is_some_and(|pending| pending.config.id.is_newer_than(request.config))
}

/// 2. The candidate's term is lower than mine.
pub fn has_older_term(state: &State, request: &Request) -> bool {
    request.term < state.term
}

/// 4. The candidate's data is staler than mine: by optime, term first.
pub fn has_staler_log(state: &State, request: &Request) -> bool {
    request.last < state.last_written()
}

/// 5. I have already voted in this term, even if for the same candidate.
pub fn has_my_vote_gone(state: &State, request: &Request) -> bool {
    !request.dry_run && state.vote.term >= request.term
}

/// 6. I am an arbiter and see a healthy primary of equal or greater priority.
pub fn has_arbiter_seen_a_primary(state: &State, request: &Request) -> bool {
    let arbiter = state.my_config().is_some_and(|me| me.arbiter) && state.config.id == request.config;
    let asked = state
        .config
        .member(request.candidate)
        .map_or(0, |candidate| candidate.priority_milli);
    arbiter
        && state
            .config
            .members
            .iter()
            .zip(&state.seen)
            .any(|(member, seen)| {
                seen.up
                    && seen.state == MemberState::Primary
                    && member.id != request.candidate
                    && member.priority_milli >= asked
            })
}

/// The asker lost its connection to the primary, and I hear the primary (or am it): the connection's trouble, not the
/// set's. Without this, one cut cable between a secondary and the primary would depose the primary.
pub fn is_led(state: &State, request: &Request) -> bool {
    request.unless_led && state.primary.is_some_and(|primary| primary != request.candidate)
}

/// I lost the primary, too, and ask the same just now: of two that are equally new the first in the configuration's order
/// is to stand. Without this both would say yes to each other, stand, and split the votes.
pub fn asks_itself(state: &State, request: &Request) -> bool {
    request.unless_led
        && matches!(state.role, Role::DryRun { .. })
        && is_electable(state)
        && request.last == state.last_written()
        && state.config.position(request.candidate) > state.my_position()
}
