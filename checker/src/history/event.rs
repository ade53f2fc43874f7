//! One line of `history.jsonl`: an invocation, or the completion of one.

use serde::{Deserialize, Serialize};
use workloads::operation::{Observed, Operation};

/// One event of a history. A process has at most one open operation; a process whose operation ended in
/// `info` is retired (its successor gets a new number), as in Jepsen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the history, from 0.
    pub index: u64,
    /// Nanoseconds since the start of the run, on the checker's monotonic clock.
    pub time_ns: u64,
    /// The client process.
    pub process: u32,
    /// The operation's number within the run: the same on the invocation and its completion, and the unique
    /// mark that a write carries into the oplog.
    pub operation: u64,
    /// Invocation or completion.
    #[serde(flatten)]
    pub phase: Phase,
}

/// Invocation or completion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Phase {
    /// The client is about to send the request.
    Invoke {
        /// What is asked.
        #[serde(flatten)]
        request: Operation,
        /// Part of the quiet final phase.
        #[serde(default, rename = "final", skip_serializing_if = "std::ops::Not::not")]
        last: bool,
    },
    /// The reply came: it happened.
    Ok {
        /// What was seen.
        observed: Observed,
        /// Index of the member that answered, where known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        member: Option<u8>,
    },
    /// It certainly did not happen.
    Fail {
        /// Error in words, with its code.
        error: String,
    },
    /// Nobody knows.
    Info {
        /// Error in words, with its code.
        error: String,
    },
}
