//! `replSetFreeze` and `replSetMaintenance`, and the end of both; the oplog's cap; giving up a wait.

use super::rule::{Context, Rule};
use super::stand_for_election::{dry_run, has_majority, is_electable};
use crate::input::Input;
use crate::output::{Outcome, Output};
use crate::state::Role;
use crate::timer::Timer;

/// See the module.
pub const RULE: Rule = Rule {
    name: "freeze",
    act: freeze,
};

fn freeze(context: &mut Context<'_>) -> Option<()> {
    match *context.input {
        Input::Freeze(frozen) => {
            (!context.state.is_primary()).then_some(())?;
            context.state.frozen = frozen;
            context.arm_election();
            if !frozen && context.state.config.voters() == 1 && is_electable(context.state) {
                // Nobody to wait for.
                dry_run(context, has_majority);
            }
        }
        Input::Timer(Timer::Unfreeze) => {
            context.state.frozen.then_some(())?;
            context.state.frozen = false;
            context.arm_election();
        }
        Input::Maintenance(on) => {
            (!context.state.is_primary()).then_some(())?;
            context.state.maintenance = on;
            // A member that no client may read from does not go on standing.
            context.state.role = Role::Follower;
            if context.state.rollback.is_none() {
                let resting = context.state.resting_state();
                context.change_state(resting);
            }
        }
        Input::Capped(through) => context.state.oplog.drop_through(through),
        Input::Abandon(id) => {
            let state = &mut *context.state;
            if state.config_waiter == Some(id) {
                state.config_waiter = None;
            } else if let Some(at) = state.reads.iter().position(|read| read.id == id) {
                state.reads.remove(at);
            } else {
                let at = state.waiting.iter().position(|waiting| waiting.id == id)?;
                state.waiting.remove(at);
            }
            context.out(Output::Complete {
                id,
                outcome: Outcome::TimedOut,
            });
        }
        _ => return None,
    }
    Some(())
}
