//! What members say to each other. Every message is one-way; an answer is a message of its own.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::{Config, ConfigId, MemberId};
use crate::optime::{OpTime, Term};

/// A message and who says it, in which term.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    /// The sender.
    pub from: MemberId,
    /// The receiver, as the sender's configuration names it.
    pub to: MemberId,
    /// The sender's term when it spoke.
    pub term: Term,
    /// What it says.
    pub body: Body,
}

/// The state that a member reports of itself (§3.2), with MongoDB's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum MemberState {
    /// Just started, no configuration yet.
    Startup = 0,
    /// Elected; writable once drained.
    Primary = 1,
    /// Replicates and may serve reads.
    Secondary = 2,
    /// Works, serves no reads.
    Recovering = 3,
    /// Gave up.
    Fatal = 4,
    /// Initial sync.
    Startup2 = 5,
    /// View only: never heard of.
    Unknown = 6,
    /// Votes, holds no data.
    Arbiter = 7,
    /// View only: silent.
    Down = 8,
    /// Its oplog diverged and is being cut back.
    Rollback = 9,
    /// Not in the configuration.
    Removed = 10,
}

impl MemberState {
    /// May a client read here, and may a member pull from here?
    #[must_use]
    pub fn is_readable(self) -> bool {
        matches!(self, Self::Primary | Self::Secondary)
    }
}

/// How far one member's oplog goes, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Whose.
    pub member: MemberId,
    /// **The reporter's term when it measured this** (SERVER-22136): a member that has voted in a newer term
    /// must not be counted by the older term's primary.
    pub term: Term,
    /// Newest entry written.
    pub written: OpTime,
    /// Newest entry that survives a power cut.
    pub durable: OpTime,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Body {
    /// "I am here; how are you?" (`replSetHeartbeat`).
    HeartbeatRequest {
        /// The sender's state.
        state: MemberState,
        /// The sender's configuration.
        config: ConfigId,
        /// The configuration itself, unless the receiver is known to have it.
        install: Option<Arc<Config>>,
    },
    /// Answer to a heartbeat.
    HeartbeatResponse {
        /// The sender's state.
        state: MemberState,
        /// Newest entry written (null in initial sync, R-11).
        written: OpTime,
        /// Newest durable entry (null in initial sync).
        durable: OpTime,
        /// The sender's commit point.
        commit_point: OpTime,
        /// The primary that the sender knows.
        primary: Option<MemberId>,
        /// Whom the sender pulls from.
        sync_source: Option<MemberId>,
        /// The sender's configuration.
        config: ConfigId,
    },
    /// "Would you vote, or do you vote, for me?" (`replSetRequestVotes`).
    VoteRequest {
        /// Asks only; nothing changes anywhere.
        dry_run: bool,
        /// The asker has only a broken connection to go by: whoever hears a primary says no.
        unless_led: bool,
        /// The candidate's configuration.
        config: ConfigId,
        /// The candidate's newest entry.
        last: OpTime,
    },
    /// Answer to a vote request.
    VoteResponse {
        /// Of which kind.
        dry_run: bool,
        /// The term that was asked for.
        asked: Term,
        /// Yes.
        granted: bool,
    },
    /// "Give me what follows `after`" (`find`/`getMore` on `local.oplog.rs`).
    FetchRequest {
        /// The receiver's newest entry.
        after: OpTime,
        /// The commit point the receiver knows: a newer one alone is worth an answer.
        commit_point: OpTime,
    },
    /// Entries, or why there are none.
    FetchResponse {
        /// Echo of the request.
        after: OpTime,
        /// Does the source go through `after`? If not, `entries` is empty.
        found: bool,
        /// What follows, oldest first. The shell carries the documents beside it and may shorten the batch.
        entries: Vec<OpTime>,
        /// The source's commit point.
        commit_point: OpTime,
        /// The source's newest entry.
        newest: OpTime,
        /// The newest entry that the source's cap has dropped: older ones can't be had there.
        dropped: OpTime,
        /// Whom the source pulls from.
        sync_source: Option<MemberId>,
    },
    /// "Here is how far we are" (`replSetUpdatePosition`): the sender and those who pull from it.
    UpdatePosition {
        /// One row a member.
        positions: Vec<Position>,
    },
    /// "Which of these have you?", newest first (the search for the common point, R-92).
    CommonPointRequest {
        /// Positions of the asker's oplog.
        candidates: Vec<OpTime>,
    },
    /// The newest of them that the source goes through.
    CommonPointResponse {
        /// Echo: the newest candidate of the request.
        asked: OpTime,
        /// The newest common one, or none among those.
        common: Option<OpTime>,
        /// The source's newest entry.
        newest: OpTime,
    },
    /// "Give me a page of your data": of everything that is committed.
    CloneRequest {
        /// Where the asker's oplog begins; none: where could it begin?
        begin: Option<OpTime>,
        /// Number of the page.
        number: u32,
        /// Where the page begins; opaque here.
        cursor: Vec<u8>,
    },
    /// A page. The shell carries the documents beside it, and says what follows.
    CloneResponse {
        /// Echo.
        begin: Option<OpTime>,
        /// Echo.
        number: u32,
        /// The commit point at which the page was read.
        at: OpTime,
        /// Where the next page begins; none: there is none.
        next: Option<Vec<u8>>,
    },
    /// "I have forgotten what I did, or thrown away what I had: what have you seen?"
    MemoryRequest {
        /// The asker's present life.
        life: u64,
        /// The newest entry of what it threw away; null if it does not know.
        had: OpTime,
    },
    /// How far the sender is; its term comes with the message.
    MemoryResponse {
        /// Echo.
        life: u64,
        /// Echo.
        had: OpTime,
        /// Its newest entry.
        written: OpTime,
    },
    /// Election hand-off: "stand now, without a dry run".
    StepUp,
    /// "Do you know a newer term than mine?" (R-112; Raft's ReadIndex.)
    ReadIndexRequest {
        /// Number of the question; a later one has a greater number.
        round: u64,
    },
    /// The answer: the sender's term comes with the message.
    ReadIndexResponse {
        /// The term of who asked. A question may be older than the term of its answer.
        asked: Term,
        /// Echo.
        round: u64,
    },
}

impl Body {
    /// Name for traces and charts.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::HeartbeatRequest { .. } => "HeartbeatRequest",
            Self::HeartbeatResponse { .. } => "HeartbeatResponse",
            Self::VoteRequest { dry_run: true, .. } => "DryRunRequest",
            Self::VoteRequest { .. } => "VoteRequest",
            Self::VoteResponse { dry_run: true, .. } => "DryRunResponse",
            Self::VoteResponse { .. } => "VoteResponse",
            Self::FetchRequest { .. } => "FetchRequest",
            Self::FetchResponse { .. } => "FetchResponse",
            Self::UpdatePosition { .. } => "UpdatePosition",
            Self::CommonPointRequest { .. } => "CommonPointRequest",
            Self::CommonPointResponse { .. } => "CommonPointResponse",
            Self::CloneRequest { .. } => "CloneRequest",
            Self::CloneResponse { .. } => "CloneResponse",
            Self::MemoryRequest { .. } => "MemoryRequest",
            Self::MemoryResponse { .. } => "MemoryResponse",
            Self::ReadIndexRequest { .. } => "ReadIndexRequest",
            Self::ReadIndexResponse { .. } => "ReadIndexResponse",
            Self::StepUp => "StepUp",
        }
    }
}
