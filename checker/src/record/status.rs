//! `status.jsonl`: what each member said of itself, sampled through the run.

use serde::{Deserialize, Serialize};

use crate::nemesis::fault::Member;

/// One look at one member (`replSetGetStatus`, and the operating system's view of the process).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusSample {
    /// When it was taken.
    pub time_ns: u64,
    /// Whom it is about.
    pub member: Member,
    /// What the operating system says of the process.
    pub process: ProcessState,
    /// `PRIMARY`, `SECONDARY`, `ROLLBACK`, `STARTUP2`, …; `None` when the member did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Its term.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<i64>,
    /// Its commit point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<OptimeRecord>,
    /// Its newest applied oplog entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<OptimeRecord>,
    /// How far its wall clock is from the checker's, as the clock fault set it (positive: ahead).
    #[serde(default)]
    pub clock_offset_ms: i64,
}

/// What the operating system says of a member's process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProcessState {
    /// Runs.
    #[default]
    Up,
    /// Stopped by a signal; its sockets stay open.
    Paused,
    /// Does not exist.
    Down,
}

/// An OpTime as records keep it: term, then the timestamp's two halves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OptimeRecord {
    /// Term of the primary that made the entry.
    pub term: i64,
    /// Seconds of the timestamp.
    pub seconds: u32,
    /// Its place within the second.
    pub increment: u32,
}

impl std::fmt::Display for OptimeRecord {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "t{} {}:{}", self.term, self.seconds, self.increment)
    }
}
