//! The core's timer names with their deadlines.

use std::collections::BTreeMap;

use protocol::timer::Timer;
use tokio::time::Instant;

/// The armed timers. Uses the monotonic clock only: a jump of the wall clock moves no deadline.
#[derive(Debug, Default)]
pub struct Timers {
    deadlines: BTreeMap<Timer, Instant>,
}

impl Timers {
    /// Arms `timer` (afresh).
    pub fn set(&mut self, timer: Timer, deadline: Instant) {
        #[cfg(feature = "planted-bugs")]
        let deadline = crate::bugs::timers_on_wall_clock::shown(deadline);
        self.deadlines.insert(timer, deadline);
    }

    /// Disarms `timer`.
    pub fn cancel(&mut self, timer: Timer) {
        self.deadlines.remove(&timer);
    }

    /// The next deadline.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.deadlines.values().min().copied()
    }

    /// Takes out one timer whose deadline has passed, the oldest first.
    pub fn take_due(&mut self, now: Instant) -> Option<Timer> {
        #[cfg(feature = "planted-bugs")]
        let now = crate::bugs::timers_on_wall_clock::shown(now);
        let (timer, deadline) = self.deadlines.iter().min_by_key(|(_, deadline)| **deadline)?;
        let (timer, due) = (*timer, *deadline <= now);
        due.then(|| {
            self.deadlines.remove(&timer);
            timer
        })
    }
}
