//! R-50b, R-51: a primary that has heard nothing of a majority for the election timeout is none any more.

use protocol::input::Input;
use protocol::timer::Timer;

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "R-51",
    name: "who sees nobody steps down",
    check: Check::Step(stays),
};

fn stays(step: &Step<'_>) -> Option<String> {
    let Input::Timer(Timer::Silence(silent)) = *step.input else {
        return None;
    };
    step.after.is_primary().then_some(())?;
    let state = step.before;
    let rows = state.config.members.iter().zip(&state.seen);
    let visible = rows.filter(|(row, seen)| {
        let heard = row.id == state.me || (seen.up && row.id != silent);
        row.is_voter() && heard
    });
    let (visible, needed) = (visible.count(), state.config.majority());
    (visible < needed).then(|| format!("member {} leads and sees {visible} of {needed}", state.me.0))
}
