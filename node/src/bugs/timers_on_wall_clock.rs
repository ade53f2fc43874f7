//! T03: see the story.

use std::sync::OnceLock;
use std::time::SystemTime;

use tokio::time::Instant;

use super::Bug;

/// See the story.
pub const BUG: Bug = Bug {
    id: "T03",
    name: "timers_on_wall_clock",
    story: "Time-outs are counted on the wall clock: when it jumps, a member stands against a primary that is well, or does not step down (Jepsen's clock nemesis).",
};

/// A moment as the wall clock shows it: what a jump moves.
#[must_use]
pub fn shown(moment: Instant) -> Instant {
    static BEGUN: OnceLock<(Instant, SystemTime)> = OnceLock::new();
    if !super::is_planted(&BUG) {
        return moment;
    }
    let (then, wall_then) = *BEGUN.get_or_init(|| (Instant::now(), SystemTime::now()));
    let told = SystemTime::now().duration_since(wall_then).unwrap_or_default();
    let passed = then.elapsed();
    if told > passed {
        moment + (told - passed)
    } else {
        moment.checked_sub(passed - told).unwrap_or(moment)
    }
}
