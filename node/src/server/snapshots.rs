//! States of the data that snapshot reads go on with: the store keeps them readable for a while.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use protocol::optime::OpTime;

/// How long a state stays readable after it was last used.
const KEPT: Duration = Duration::from_secs(60);
/// States kept at once; the oldest goes first.
const STATES_MAX: usize = 64;
/// Memory of what waits to be merged, above which no state is kept: reads of it then fail as too old (239).
const OVERLAY_BYTES_MAX: usize = 128 << 20;

/// The states in use, oldest use first.
#[derive(Debug, Default)]
pub(super) struct Snapshots(VecDeque<(OpTime, Instant)>);

impl Snapshots {
    /// A read has used this state.
    pub(super) fn used(&mut self, at: OpTime, now: Instant) {
        self.0.retain(|(kept, _)| *kept != at);
        self.0.push_back((at, now));
        if self.0.len() > STATES_MAX {
            self.0.pop_front();
        }
    }

    /// Beyond this point nothing may be merged into the store.
    pub(super) fn floor(&mut self, overlay_bytes: usize, now: Instant) -> Option<OpTime> {
        if overlay_bytes > OVERLAY_BYTES_MAX {
            self.0.clear();
        }
        self.0.retain(|(_, used)| now.duration_since(*used) < KEPT);
        self.0.iter().map(|(at, _)| *at).min()
    }
}

#[cfg(test)]
mod tests {
    use protocol::optime::{Term, Timestamp};

    use super::*;

    #[test]
    fn a_state_is_kept_while_it_is_used_and_never_at_the_price_of_memory() {
        let at = |secs| OpTime {
            term: Term(1),
            ts: Timestamp { secs, inc: 1 },
        };
        let start = Instant::now();
        let mut snapshots = Snapshots::default();
        snapshots.used(at(5), start);
        snapshots.used(at(7), start);
        assert_eq!(snapshots.floor(0, start), Some(at(5)));
        snapshots.used(at(7), start + KEPT / 2);
        assert_eq!(snapshots.floor(0, start + KEPT), Some(at(7)));
        assert_eq!(snapshots.floor(OVERLAY_BYTES_MAX + 1, start + KEPT), None);
    }
}
