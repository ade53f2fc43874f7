//! Clients hear when their write concern is met (R-61…R-66).

use super::rule::{Context, Rule};
use crate::concern::W;
use crate::config::MemberSet;
use crate::input::Input;
use crate::output::{Outcome, Output};
use crate::state::{State, Waiting};

/// See the module.
pub const RULE: Rule = Rule {
    name: "acknowledge_write",
    act: |context| acknowledge_write(context, is_satisfied),
};

/// Is this waiter's concern met?
pub type Satisfied = fn(&State, &Waiting) -> bool;

/// Answers every waiter for whom `satisfied` holds.
pub fn acknowledge_write(context: &mut Context<'_>, satisfied: Satisfied) -> Option<()> {
    context.state.is_primary().then_some(())?;
    let state = &mut *context.state;
    // A new statement brings nobody else nearer to what he waits for. Asking for all of them, with 256 clients, took six
    // percent of the primary's time.
    let first = match context.input {
        Input::ClientWrite { .. } | Input::ClientNoop { .. } => state.waiting.len().saturating_sub(1),
        _ => 0,
    };
    state.waiting[first..]
        .iter()
        .any(|waiter| satisfied(state, waiter))
        .then_some(())?;
    let mut waiting = std::mem::take(&mut state.waiting);
    waiting.retain(|waiter| {
        let done = satisfied(context.state, waiter);
        if done {
            context.outputs.push(Output::Complete {
                id: waiter.id,
                outcome: Outcome::Done,
            });
        }
        !done
    });
    context.state.waiting = waiting;
    Some(())
}

/// Enough members have it, and those who must have flushed it.
#[must_use]
pub fn is_satisfied(state: &State, waiter: &Waiting) -> bool {
    let flushed_here = !waiter.concern.journal || state.durable >= waiter.optime;
    match waiter.concern.w {
        W::Majority => {
            // With unjournaled majorities `j` still asks for this member's own flush.
            state.commit_point >= waiter.optime && (state.config.majority_journaled || flushed_here)
        }
        W::Members(n) => flushed_here && 1 + others_with(state, waiter).len() >= usize::from(n),
        W::Mode(id) => {
            let mut reached = others_with(state, waiter);
            if let Some(me) = state.config.position(state.me) {
                reached.insert(me);
            }
            let mode = state.config.mode(id);
            flushed_here && mode.is_some_and(|mode| mode.is_met_by(reached))
        }
    }
}

/// Data-bearing others whose newest entry is **of the same term** and no older: an optime of another term says
/// nothing about this entry (SERVER-27053).
fn others_with(state: &State, waiter: &Waiting) -> MemberSet {
    let mut reached = MemberSet::EMPTY;
    state
        .others()
        .filter(|(position, _)| {
            let arbiter = state.config.members[*position].arbiter;
            let reached = state.progress[*position].map(|progress| {
                if waiter.concern.journal {
                    progress.durable
                } else {
                    progress.written
                }
            });
            !arbiter
                && reached.is_some_and(|reached| {
                    reached.term == waiter.optime.term && reached.ts >= waiter.optime.ts
                })
        })
        .for_each(|(position, _)| reached.insert(position));
    reached
}
