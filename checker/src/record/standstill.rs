//! When the machine stood still: nobody could do anything, neither the members nor who watches over them.

use serde::{Deserialize, Serialize};

/// One standstill, nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandstillRecord {
    /// When whoever slept should have woken.
    pub from_ns: u64,
    /// When it woke.
    pub until_ns: u64,
}

impl StandstillRecord {
    /// How long it lasted.
    pub fn length_ns(self) -> u64 {
        self.until_ns.saturating_sub(self.from_ns)
    }
}
