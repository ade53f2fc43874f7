//! `Stepdown` (§3.7): a primary that cannot see a majority, or that the operator asks, gives up its term's
//! leadership; whoever still waits for a write hears that nobody knows.

use super::rule::{Context, Rule};
use crate::config::{MemberId, MemberSet};
use crate::input::Input;
use crate::message::Body;
use crate::optime::OpTime;
use crate::output::{Outcome, Output, Refusal};
use crate::state::{Mode, Role, State};
use crate::timer::Timer;

/// See the module.
pub const RULE: Rule = Rule {
    name: "step_down",
    act: step_down,
};

fn step_down(context: &mut Context<'_>) -> Option<()> {
    match *context.input {
        Input::Timer(Timer::Silence(_)) => {
            // R-50b: can't see a majority of the set, relinquishing primary.
            (context.state.is_primary() && !sees_majority(context.state)).then_some(())?;
            relinquish(context);
            Some(())
        }
        Input::StepDown { id, force } => {
            if !context.state.is_writable() {
                context.out(Output::Refuse {
                    id,
                    refusal: Refusal::NotWritablePrimary,
                });
                return Some(());
            }
            context.state.role = Role::Primary(Mode::SteppingDown { id, force });
            context.arm(Timer::StepDown);
            hand_over_if_caught_up(context);
            Some(())
        }
        Input::Timer(Timer::StepDown) => give_up_waiting(context),
        Input::Message(_) => hand_over_if_caught_up(context),
        _ => None,
    }
}

/// Stops being primary, in the same instant for everybody who asks.
///
/// Waiters are failed here and not left to the next commit point: else a primary that lost its term could wake
/// them with "done" when the *new* primary's commit point passes their timestamp (SERVER-27534).
pub(super) fn relinquish(context: &mut Context<'_>) {
    let waiting = std::mem::take(&mut context.state.waiting);
    for waiter in waiting {
        context.out(Output::Complete {
            id: waiter.id,
            outcome: Outcome::SteppedDown,
        });
    }
    let reads = std::mem::take(&mut context.state.reads);
    for read in reads {
        context.out(Output::Complete {
            id: read.id,
            outcome: Outcome::SteppedDown,
        });
    }
    if let Some(id) = context.state.config_waiter.take() {
        context.out(Output::Complete {
            id,
            outcome: Outcome::SteppedDown,
        });
    }
    if let Role::Primary(Mode::SteppingDown { id, .. }) = context.state.role {
        context.out(Output::Complete {
            id,
            outcome: Outcome::Done,
        });
        context.out(Output::CancelTimer(Timer::StepDown));
    }
    let state = &mut *context.state;
    state.role = Role::Follower;
    state.first_of_term = None;
    if state.primary == Some(state.me) {
        state.primary = None;
    }
    context.clear_progress();
    context.out(Output::CancelTimer(Timer::CatchUp));
    let resting = context.state.resting_state();
    context.change_state(resting);
    context.arm_election();
    context.arm(Timer::SyncSource);
}

fn sees_majority(state: &State) -> bool {
    let mut visible = MemberSet::EMPTY;
    for (position, member) in state.config.members.iter().enumerate() {
        if member.id == state.me || state.seen[position].up {
            visible.insert(position);
        }
    }
    state.config.is_majority(visible)
}

/// a majority has the newest entry, and one of them can take over.
fn hand_over_if_caught_up(context: &mut Context<'_>) -> Option<()> {
    let Role::Primary(Mode::SteppingDown { .. }) = context.state.role else {
        return None;
    };
    let last = context.state.last_written();
    let heir = caught_up_heir(context.state, last)?;
    leave_office(context);
    if let Some(heir) = heir {
        context.send(heir, Body::StepUp);
    }
    Some(())
}

/// `None`: too few have caught up. `Some(heir)`: enough have, and this electable one among them is preferred.
fn caught_up_heir(state: &State, last: OpTime) -> Option<Option<MemberId>> {
    let mut caught_up = MemberSet::EMPTY;
    let mut heir: Option<(u32, MemberId)> = None;
    for (position, member) in state.config.members.iter().enumerate() {
        let there = member.id == state.me
            || state.progress[position].is_some_and(|progress| progress.written >= last);
        if there && !member.arbiter {
            caught_up.insert(position);
            let better = heir.is_none_or(|(priority, _)| member.priority_milli > priority);
            if member.id != state.me && member.is_electable() && better {
                heir = Some((member.priority_milli, member.id));
            }
        }
    }
    let alone = state.config.members.len() == 1;
    let enough = state.config.is_majority(caught_up) && heir.is_some();
    (enough || alone).then_some(heir.map(|(_, id)| id))
}

fn give_up_waiting(context: &mut Context<'_>) -> Option<()> {
    let Role::Primary(Mode::SteppingDown { id, force }) = context.state.role else {
        return None;
    };
    if force {
        leave_office(context);
    } else {
        context.state.role = Role::Primary(Mode::Writable);
        context.out(Output::Refuse {
            id,
            refusal: Refusal::NoElectableSecondary,
        });
    }
    Some(())
}

fn leave_office(context: &mut Context<'_>) {
    relinquish(context);
    context.state.frozen = true;
    context.arm(Timer::Unfreeze);
}
