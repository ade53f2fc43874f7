//! All that a member can ask for, in the order in which it must be done.
//!
//! **The law.** The shell does the outputs of one step in their order, and the outputs of an earlier step
//! before those of a later one. `Persist`, `Append` and `RollBack` start a durable write and go on; that it is
//! durable comes back as [`Input::Persisted`](crate::input::Input::Persisted) or
//! [`Input::Flushed`](crate::input::Input::Flushed), in the order of the requests. The shell may batch durable
//! writes; it may never report one that is not.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::{Config, ConfigId, MemberId};
use crate::config_change::Incompatible;
use crate::initial_sync::Unsynced;
use crate::input::RequestId;
use crate::message::{MemberState, Message};
use crate::optime::{OpTime, Term};
use crate::timer::Timer;

/// What a durable write was for: comes back when it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Token {
    /// The vote record.
    Vote(Vote),
    /// The configuration.
    Config(ConfigId),
    /// The cut of the oplog after this entry, together with the risen rollback id.
    RollBack(OpTime),
    /// The flag of initial sync.
    Unsynced(Option<Unsynced>),
    /// The oplog is empty and goes on after this entry.
    Begun(OpTime),
}

/// The vote record: in this term, this member has voted for `candidate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Vote {
    /// The term.
    pub term: Term,
    /// The candidate; none: no vote was ever given.
    pub candidate: Option<MemberId>,
}

impl Vote {
    /// Never voted.
    pub const NONE: Self = Self {
        term: Term::NONE,
        candidate: None,
    };
}

/// What new oplog entries are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Content {
    /// The statement planned under this request.
    Write(RequestId),
    /// `{op: "n", o: {msg: "new primary"}}`.
    NewPrimary,
    /// `{op: "n", o: {msg: "initiating set"}}`.
    Initiating,
    /// `{op: "n"}` that brings the set up to a time that a client has heard of.
    Note,
    /// The documents that came with the batch from the sync source.
    Fetched,
}

/// The answer to a waiting client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// The concern is met. For a linearizable read: the value read is the truth.
    Done,
    /// Not primary any more: nobody knows (189, R-52).
    SteppedDown,
    /// Gave up waiting: nobody knows (64, R-63).
    TimedOut,
    /// A new configuration has not the members that were asked for: it is written, and stays if nothing else happens
    /// (100, R-63).
    Unsatisfiable,
}

/// A request that was turned away before anything was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Refusal {
    /// 10107 `NotWritablePrimary`.
    NotWritablePrimary,
    /// 13435 `NotPrimaryNoSecondaryOk`.
    NotPrimaryNoSecondaryOk,
    /// 13436 `NotPrimaryOrSecondary`.
    NotPrimaryOrSecondary,
    /// 94 `NotYetInitialized`.
    NotYetInitialized,
    /// 23 `AlreadyInitialized`.
    AlreadyInitialized,
    /// 95 `NotSecondary`.
    NotSecondary,
    /// 262 `ExceededTimeLimit`: no electable secondary caught up.
    NoElectableSecondary,
    /// 109 `ConfigurationInProgress`: another configuration is being stored.
    ConfigurationInProgress,
    /// 308 `CurrentConfigNotCommittedYet`: the present one is not everywhere it must be.
    CurrentConfigNotCommittedYet,
    /// 103 `NewReplicaSetConfigurationIncompatible`.
    Incompatible(Incompatible),
    /// 104 `NodeNotElectable`: this member could not lead in the new configuration.
    NodeNotElectable,
    /// 74 `NodeNotFound`: this member is not in the new configuration.
    NodeNotFound,
}

/// Where a read looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ReadPoint {
    /// The newest local data.
    Latest,
    /// The data as of this entry.
    At(OpTime),
}

/// Why the member cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum FatalReason {
    /// The common point lies before the commit point: rolling back would lose committed data.
    RollbackBeforeCommitPoint,
    /// The source sent entries out of order (152 `OplogOutOfOrder`).
    OplogOutOfOrder,
    /// Initial sync failed too often (113 `InitialSyncFailure`).
    InitialSyncFailed,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Output {
    /// Make the vote record durable, then report [`Token::Vote`].
    PersistVote(Vote),
    /// Make the configuration durable, then report [`Token::Config`].
    PersistConfig(Arc<Config>),
    /// Write these entries to the oplog and apply them; report [`Input::Flushed`](crate::input::Input::Flushed)
    /// when durable.
    Append {
        /// What they are.
        content: Content,
        /// Their names, in order.
        entries: Vec<OpTime>,
    },
    /// Make durable: the oplog is cut after `to`, the rollback id is `rollback_id`; take the data back to that
    /// point; then report [`Token::RollBack`].
    RollBack {
        /// The common point.
        to: OpTime,
        /// The new rollback id.
        rollback_id: u32,
    },
    /// Make the flag of initial sync durable; report [`Token::Unsynced`]. A flag that says that the data are whole,
    /// or none, becomes durable after the data that were cloned.
    PersistUnsynced(Option<Unsynced>),
    /// Throw all data and the whole oplog away; the oplog goes on after `begin`. Report [`Token::Begun`].
    BeginClone {
        /// Where the oplog begins.
        begin: OpTime,
    },
    /// Keep the page that came with this message. It may be newer than `begin`.
    TakePage {
        /// Where the oplog begins.
        begin: OpTime,
    },
    /// Apply the oplog to the clone, then report [`Input::CloneApplied`](crate::input::Input::CloneApplied). Up to
    /// `stop` the data may already hold what an entry says, or more.
    ApplyToClone {
        /// From here on the data are of one moment.
        stop: OpTime,
    },
    /// Send.
    Send(Message),
    /// Arm (afresh).
    SetTimer(Timer),
    /// Disarm.
    CancelTimer(Timer),
    /// Answer a waiting client.
    Complete {
        /// Whom.
        id: RequestId,
        /// With what.
        outcome: Outcome,
    },
    /// Turn a client away; nothing was done.
    Refuse {
        /// Whom.
        id: RequestId,
        /// Why.
        refusal: Refusal,
    },
    /// Let the client read here. For a linearizable read the value is held until `Complete`.
    ServeRead {
        /// Whom.
        id: RequestId,
        /// Where to look.
        at: ReadPoint,
    },
    /// The commit point has risen: data up to it may go to the store.
    CommitPoint(OpTime),
    /// This member's state changed: `hello` waiters are woken; on leaving a readable state cursors close.
    StateChanged(MemberState),
    /// A newer configuration came by heartbeat: find out which member this is in it and report
    /// [`Input::ConfigResolved`](crate::input::Input::ConfigResolved).
    ResolveConfig(Arc<Config>),
    /// Stop: this member cannot go on.
    Fatal(FatalReason),
}
