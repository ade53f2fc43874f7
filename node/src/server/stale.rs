//! A stale member that copies everything anew without being asked (S2-25).
//!
//! As in MongoDB since 4.0 it waits for an operator by default: what it holds may be the only copy of something, and
//! copying costs the others. `--setParameter resyncWhenStaleSecs=N` lets it begin by itself once no member's oplog has
//! reached back far enough for so long.

use std::time::{Duration, Instant};

use protocol::input::Input;

use super::event_loop::Server;

/// The parameter that switches it on.
const PARAMETER: &str = "resyncWhenStaleSecs";

impl Server {
    /// Asks the core for a resync when its time has come.
    pub(super) fn resync_if_stale(&mut self, now: Instant) {
        if !self.state.stale {
            self.stale_since = None;
            return;
        }
        let since = *self.stale_since.get_or_insert(now);
        let Some(patience_secs) = self.options.parameter(PARAMETER) else {
            return;
        };
        let patience = Duration::from_secs(u64::try_from(patience_secs).unwrap_or(u64::MAX));
        if now.saturating_duration_since(since) >= patience {
            tracing::warn!(
                patience_secs,
                "no member's oplog reaches back far enough: this member copies everything anew ({PARAMETER})"
            );
            self.stale_since = None;
            self.feed(&Input::Resync);
        }
    }
}
