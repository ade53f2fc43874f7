//! An operation, the concerns it asks for, and its end: ok, fail or info (Jepsen's vocabulary).
#![expect(
    missing_docs,
    reason = "fields of a variant are told in the variant's own sentence"
)]

use serde::{Deserialize, Serialize};

/// A key of a workload: one document, register, list or counter.
pub type Key = u32;
/// A value written by a workload. Unique per key (and per run where a workload says so), never 0.
pub type Value = i64;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "f", rename_all = "kebab-case")]
pub enum Action {
    /// Read the register `key`.
    Read { key: Key },
    /// Write `value` into the register `key`.
    Write { key: Key, value: Value },
    /// Compare-and-set the register `key`; the reply carries the value found before it (pre-image).
    Cas {
        key: Key,
        expect: Option<Value>,
        value: Value,
    },
    /// Add `value` to the set `key`.
    Add { key: Key, value: Value },
    /// Add all `values` to the set `key` in one request; they come in one after the other.
    AddMany { key: Key, values: Vec<Value> },
    /// Read the whole set `key`.
    ReadSet { key: Key },
    /// Append `value` to the list `key`.
    Append { key: Key, value: Value },
    /// Append `value` to each of the lists `keys` in one request; each list changes by itself.
    AppendMany { keys: Vec<Key>, value: Value },
    /// Read the whole list `key`.
    ReadList { key: Key },
    /// Put `value` into the oplog as an insert into the log `key`.
    Log { key: Key, value: Value },
    /// Follow the oplog of one member up to its commit point: all values of the log `key`, in order.
    ReadLog { key: Key },
    /// Add `by` to the counter `key`; the reply carries the post-image.
    Increment { key: Key, by: i64 },
    /// Read the counter `key`.
    ReadCounter { key: Key },
    /// Put job `value` into the queue `key`.
    Enqueue { key: Key, value: Value },
    /// Take one job out of the queue `key`.
    Dequeue { key: Key },
    /// Claim the unique name `value` in the collection of `key` for the calling process.
    Claim { key: Key, value: Value },
    /// Write `value` and learn the server's operation time of that write; it must rise in real time.
    Stamp { key: Key, value: Value },
}

impl Action {
    /// The key concerned: checks judge each key alone where the promise allows. Of several lists: the first.
    pub fn key(&self) -> Key {
        match self {
            Self::AppendMany { keys, .. } => keys.first().copied().unwrap_or(0),
            Self::Read { key }
            | Self::Write { key, .. }
            | Self::Cas { key, .. }
            | Self::Add { key, .. }
            | Self::AddMany { key, .. }
            | Self::ReadSet { key }
            | Self::Append { key, .. }
            | Self::ReadList { key }
            | Self::Log { key, .. }
            | Self::ReadLog { key }
            | Self::Increment { key, .. }
            | Self::ReadCounter { key }
            | Self::Enqueue { key, .. }
            | Self::Dequeue { key }
            | Self::Claim { key, .. }
            | Self::Stamp { key, .. } => *key,
        }
    }

    /// How many documents it changes when all of it takes effect.
    pub const fn documents(&self) -> usize {
        match self {
            Self::AddMany { values, .. } => values.len(),
            Self::AppendMany { keys, .. } => keys.len(),
            _ if self.is_read() => 0,
            _ => 1,
        }
    }

    /// Whether it only looks. A look that failed or got lost changed nothing.
    pub const fn is_read(&self) -> bool {
        matches!(
            self,
            Self::Read { .. }
                | Self::ReadSet { .. }
                | Self::ReadList { .. }
                | Self::ReadLog { .. }
                | Self::ReadCounter { .. }
        )
    }
}

/// How strong a write asks to be (MongoDB's write concern).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WriteConcern {
    /// Acknowledged by the primary alone.
    One,
    /// Acknowledged by the primary alone, after its journal flush.
    OneJournaled,
    /// Acknowledged when durable on a majority.
    Majority,
}

/// How strong a read asks to be (MongoDB's read concern).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadConcern {
    /// Newest local data; may be rolled back.
    Local,
    /// Majority-committed data.
    Majority,
    /// Real-time: reflects every majority write acknowledged before the read began.
    Linearizable,
}

/// Which member a read goes to (MongoDB's read preference).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadPreference {
    /// The primary only.
    Primary,
    /// Secondaries only.
    Secondary,
    /// Any member.
    Nearest,
    /// One given member, by its index in the cluster (final reads from every member).
    Member(u8),
}

/// The concerns of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Concerns {
    /// For writes.
    pub write: WriteConcern,
    /// For reads.
    pub read: ReadConcern,
    /// For reads.
    pub preference: ReadPreference,
}

impl Concerns {
    /// w:majority, linearizable reads from the primary: the strongest promise.
    pub const LINEARIZABLE: Self = Self {
        write: WriteConcern::Majority,
        read: ReadConcern::Linearizable,
        preference: ReadPreference::Primary,
    };
    /// w:majority, majority reads from the primary.
    pub const MAJORITY: Self = Self {
        write: WriteConcern::Majority,
        read: ReadConcern::Majority,
        preference: ReadPreference::Primary,
    };
}

/// One request of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Operation {
    /// What is asked.
    #[serde(flatten)]
    pub action: Action,
    /// How strongly.
    #[serde(flatten)]
    pub concerns: Concerns,
    /// Runs inside the process's causal session.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub causal: bool,
}

/// What a completed operation observed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observed {
    /// A write took effect; nothing else was seen.
    Done,
    /// A register read: `None` when the document does not exist.
    Register(Option<Value>),
    /// A compare-and-set: the pre-image, and whether it matched (and so was replaced).
    Swapped { was: Option<Value>, swapped: bool },
    /// A compare-and-set that did not match, from a source that does not tell what was there. Our own clients
    /// always tell (`Swapped`); foreign histories may not.
    Refused,
    /// A set, list or log read, in the order the server gave.
    Elements(Vec<Value>),
    /// A log's documents, of a member whose oplog does not reach back to the first of them: what is there, and not in which
    /// order it came.
    Unordered(Vec<Value>),
    /// A counter, after an increment or by a read.
    Count(i64),
    /// A dequeued job, or none.
    Job(Option<Value>),
    /// A claim was refused because the name is taken (duplicate key).
    Taken,
    /// The server's operation time, `seconds << 32 | increment`.
    Stamped(u64),
}

/// The end of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completion {
    /// It happened, and this was seen.
    Ok(Observed),
    /// It certainly did not happen (and never will). A failed read is always this.
    Fail(String),
    /// Nobody knows: time-out, lost connection, write concern not met.
    Info(String),
}
