//! nobody stands against a living primary for its priority alone while it lags behind.

use protocol::input::Input;
use protocol::optime::OpTime;
use protocol::rules::take_over::{FRESH_ENTRIES, FRESH_SECS};
use protocol::state::Role;
use protocol::timer::Timer;

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "R-45",
    name: "takeovers are fresh",
    check: Check::Step(takes_over_behind),
};

fn takes_over_behind(step: &Step<'_>) -> Option<String> {
    let Input::Timer(Timer::PriorityTakeover(_)) = step.input else {
        return None;
    };
    (step.before.role == Role::Follower && step.after.role != Role::Follower).then_some(())?;
    let last = step.before.last_written();
    let in_sight = step.before.seen.iter().filter(|seen| seen.up);
    let newest = in_sight.map(|seen| seen.written).fold(last, OpTime::max).ts;
    let mine = last.ts;
    let lag_secs = newest.secs.saturating_sub(mine.secs);
    let lag_entries = if lag_secs == 0 {
        newest.inc.saturating_sub(mine.inc)
    } else {
        0
    };
    (lag_secs > FRESH_SECS || lag_entries > FRESH_ENTRIES)
        .then(|| format!("member {} takes over {lag_secs} s behind", step.after.me.0))
}
