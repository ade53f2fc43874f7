//! A history in memory: operations with the place of their call and return.

use workloads::operation::{Completion, Observed, Operation, Value};

use super::{Event, HistoryError, Pairing};

/// One operation, from its invocation to its end.
///
/// Precedence is decided by places (`call`, `returned`), not by times: the recorder gives places under one
/// lock, so an operation whose return has a smaller place than another's call truly ended before it began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op {
    /// Its number within the run, the `#12` of witnesses.
    pub number: u64,
    /// The client process.
    pub process: u32,
    /// Part of the quiet final phase.
    pub last: bool,
    /// Index of the member that answered, where known.
    pub member: Option<u8>,
    /// Place of the invocation among all events.
    pub call: u32,
    /// Place of the return among all events; [`Op::NEVER`] when the end is unknown (it may take effect at any
    /// time after the call, or never).
    pub returned: u32,
    /// Time of the invocation, nanoseconds since the start of the run.
    pub call_ns: u64,
    /// Time of the completion event, also of one that ended in `info`; `u64::MAX` when there is none.
    pub return_ns: u64,
    /// What was asked.
    pub request: Operation,
    /// How it ended. An operation without a completion ended in `info`.
    pub completion: Completion,
}

impl Op {
    /// The return place of an operation whose end is unknown.
    pub const NEVER: u32 = u32::MAX;

    /// What was seen, when it certainly happened.
    pub const fn observed(&self) -> Option<&Observed> {
        match &self.completion {
            Completion::Ok(observed) => Some(observed),
            Completion::Fail(_) | Completion::Info(_) => None,
        }
    }

    /// It certainly happened.
    pub const fn is_ok(&self) -> bool {
        matches!(self.completion, Completion::Ok(_))
    }

    /// It certainly did not happen.
    pub const fn is_fail(&self) -> bool {
        matches!(self.completion, Completion::Fail(_))
    }

    /// Nobody knows.
    pub const fn is_info(&self) -> bool {
        matches!(self.completion, Completion::Info(_))
    }
}

/// All operations of a run, by the place of their call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// By rising `call`.
    pub ops: Vec<Op>,
    /// What registers hold before the first write; `None`: the document does not exist.
    pub initial: Option<Value>,
    /// What a reader of the verdict should know of the input, a sentence each.
    pub notes: Vec<String>,
}

impl History {
    /// Pairs invocations with completions.
    ///
    /// # Errors
    /// Whatever does not make sense, by the place of the event (from 1).
    pub fn from_events<I: IntoIterator<Item = Event>>(events: I) -> Result<Self, HistoryError> {
        let mut pairing = Pairing::default();
        for (place, event) in (1..).zip(events) {
            pairing.push(place, event)?;
        }
        Ok(pairing.finish())
    }

    /// Ends of all operations: ok, fail, info.
    pub fn counts(&self) -> (u64, u64, u64) {
        self.ops
            .iter()
            .fold((0, 0, 0), |(ok, fail, info), op| match op.completion {
                Completion::Ok(_) => (ok + 1, fail, info),
                Completion::Fail(_) => (ok, fail + 1, info),
                Completion::Info(_) => (ok, fail, info + 1),
            })
    }
}
