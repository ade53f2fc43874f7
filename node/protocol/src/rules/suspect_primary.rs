//! A broken connection is news before any timer is: who lost the primary's asks around at once, and stands if a
//! majority has lost it, too. Beyond MongoDB, which waits for the election timeout; the timers stay for what no
//! connection tells: a cut, a pause, a machine without power.

use super::exchange_heartbeats::lose_sight;
use super::rule::{Context, Rule};
use super::stand_for_election::{ask_around, has_majority, is_electable};
use crate::config::MemberId;
use crate::input::Input;
use crate::state::State;
use crate::timer::Timer;

/// See the module.
pub const RULE: Rule = Rule {
    name: "suspect_primary",
    act: suspect_primary,
};

fn suspect_primary(context: &mut Context<'_>) -> Option<()> {
    match *context.input {
        Input::Disconnected(id) => {
            lose(context, id)?;
            if may_ask(context.state) {
                context.arm(Timer::Suspicion);
            }
        }
        Input::Timer(Timer::Suspicion) => {
            may_ask(context.state).then_some(())?;
            ask_around(context, has_majority, true);
        }
        _ => return None,
    }
    Some(())
}

/// Down until it says a word: it is asked for one, in case the connection is all that broke.
fn lose(context: &mut Context<'_>, id: MemberId) -> Option<()> {
    let position = context.state.config.position(id)?;
    context.state.my_position()?;
    (id != context.state.me).then_some(())?;
    lose_sight(context.state, id);
    context.heartbeat(position, id);
    Some(())
}

/// Nobody is known to lead, and this member might. A candidate may ask, too: the others' votes may be split.
fn may_ask(state: &State) -> bool {
    state.primary.is_none() && !state.is_primary() && is_electable(state)
}
