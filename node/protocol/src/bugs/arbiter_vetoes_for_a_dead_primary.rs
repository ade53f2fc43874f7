//! E17: an arbiter refuses its vote for a primary that it once saw, dead or alive.

use super::bug::Bug;
use crate::input::Input;
use crate::message::MemberState;
use crate::rules::grant_vote::{
    Check, Request, asks_itself, grant_vote, has_my_vote_gone, has_no_data, has_older_config, has_older_term,
    has_staler_log, is_led,
};
use crate::rules::rule::{Context, Rule};
use crate::rules::{exchange_heartbeats, suspect_primary};
use crate::state::State;
use crate::timer::Timer;

pub(super) const BUG: Bug = Bug {
    id: "E17",
    name: "arbiter_vetoes_too_much",
    story: "Primary, secondary and arbiter; the primary dies, and the arbiter, which has seen it, goes on to refuse its vote \
            to the secondary: nobody is elected as long as the primary is dead (the vetoes of MongoDB's first protocol).",
    rules: &[
        Rule {
            name: "exchange_heartbeats",
            act: |context| remember_the_dead(context, exchange_heartbeats::RULE),
        },
        Rule {
            name: "suspect_primary",
            act: |context| remember_the_dead(context, suspect_primary::RULE),
        },
        Rule {
            name: "grant_vote",
            act: |context| grant_vote(context, &CHECKS),
        },
    ],
    caught_by: &["model:R-29"],
};

const CHECKS: [Check; 8] = [
    has_no_data,
    has_older_config,
    has_older_term,
    has_staler_log,
    has_my_vote_gone,
    has_arbiter_ever_seen_a_primary,
    is_led,
    asks_itself,
];

/// The state that a silent member was last seen in stays.
fn remember_the_dead(context: &mut Context<'_>, rule: Rule) -> Option<()> {
    let silent = match *context.input {
        Input::Timer(Timer::Silence(id)) | Input::Disconnected(id) => context.state.config.position(id),
        _ => None,
    };
    let last = silent.map(|position| (position, context.state.seen[position].state));
    let fired = (rule.act)(context);
    if let Some((position, state)) = last {
        context.state.seen[position].state = state;
    }
    fired
}

fn has_arbiter_ever_seen_a_primary(state: &State, request: &Request) -> bool {
    let arbiter = state.my_config().is_some_and(|me| me.arbiter);
    let mut others = state.others().filter(|(_, id)| *id != request.candidate);
    arbiter && others.any(|(position, _)| state.seen[position].state == MemberState::Primary)
}
