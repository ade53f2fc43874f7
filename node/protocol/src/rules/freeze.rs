//! `replSetFreeze` and `replSetMaintenance`, and the end of both; the oplog's cap; giving up a wait.

use super::rule::{Context, Rule};
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
        }
        Input::Timer(Timer::Unfreeze) => {
            context.state.frozen.then_some(())?;
            context.state.frozen = false;
            context.arm_election();
        }
        Input::Maintenance(on) => {
            (!context.state.is_primary() && context.state.rollback.is_none()).then_some(())?;
            context.state.maintenance = on;
            // A member that no client may read from does not go on standing.
            context.state.role = Role::Follower;
            let resting = context.state.resting_state();
            context.change_state(resting);
        }
        Input::Capped(through) => context.state.oplog.drop_through(through),
        Input::Abandon(id) => {
            let at = context
                .state
                .waiting
                .iter()
                .position(|waiting| waiting.id == id)?;
            context.state.waiting.remove(at);
            context.out(Output::Complete {
                id,
                outcome: Outcome::TimedOut,
            });
        }
        _ => return None,
    }
    Some(())
}
