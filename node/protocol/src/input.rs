//! All that can happen to a member.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::concern::{ReadConcern, WriteConcern};
use crate::config::{Config, MemberId};
use crate::message::Message;
use crate::optime::OpTime;
use crate::output::Token;
use crate::timer::Timer;

/// A client request's number, given by the shell, unique within one life of the member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId(pub u64);

/// One thing that happens. The wall clock comes beside it, as an argument of `step`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Input {
    /// The process is up: timers are armed, the others are greeted.
    Start,
    /// A timer fired.
    Timer(Timer),
    /// A message arrived.
    Message(Message),
    /// What the token stands for is durable. Confirmations come in the order of the requests.
    Persisted(Token),
    /// The oplog is durable up to and including this entry. In order with [`Input::Persisted`].
    Flushed(OpTime),
    /// The shell has worked off what was at hand: parked fetches are answered now, positions reported. So one
    /// answer carries a whole group of writes.
    TurnEnd,
    /// A client's statement was planned and needs `entries` oplog entries, at least one.
    ClientWrite {
        /// Who waits.
        id: RequestId,
        /// How many documents change.
        entries: u32,
        /// When to answer.
        concern: WriteConcern,
    },
    /// A client's statement changed nothing; it still waits for what it has seen.
    ClientNoop {
        /// Who waits.
        id: RequestId,
        /// When to answer.
        concern: WriteConcern,
    },
    /// An entry is wanted that changes nothing and waits for nobody (`appendOplogNote`): so that a time that a client has
    /// heard of is reached where nobody writes.
    Note,
    /// A client wants to read.
    ClientRead {
        /// Who waits.
        id: RequestId,
        /// How settled the data must be.
        concern: ReadConcern,
        /// Anything but read preference `primary`.
        secondary_ok: bool,
    },
    /// The waiter gives up (`wtimeout`, `maxTimeMS`, connection closed): the write stays, nobody knows.
    Abandon(RequestId),
    /// The connection to this member broke and could not be made anew at once: only a hint, never proof. Told again
    /// now and then while it stays so.
    Disconnected(MemberId),
    /// `replSetInitiate`: the first configuration, checked by the shell.
    Initiate {
        /// Whose `me` in it is.
        me: MemberId,
        /// The configuration.
        config: Arc<Config>,
    },
    /// The shell found itself in a configuration that came by heartbeat.
    ConfigResolved {
        /// Which member this is, or none: not in it.
        me: Option<MemberId>,
        /// The configuration.
        config: Arc<Config>,
    },
    /// `replSetReconfig`; the document was checked by the shell.
    Reconfig {
        /// Who waits.
        id: RequestId,
        /// Which member this is in it, if any.
        me: Option<MemberId>,
        /// The configuration, with its version; the term is set here.
        config: Arc<Config>,
        /// Without any check.
        force: bool,
    },
    /// `replSetStepDown`.
    StepDown {
        /// Who waits.
        id: RequestId,
        /// At the deadline, step down even if nobody has caught up.
        force: bool,
    },
    /// `replSetFreeze`: do not stand until [`Timer::Unfreeze`]; `false` unfreezes.
    Freeze(bool),
    /// `replSetSyncFrom`, and the model's choice of a source.
    SyncFrom(MemberId),
    /// `replSetMaintenance`.
    Maintenance(bool),
    /// `replSetStepUp`: stand now.
    StepUp {
        /// Without asking first whether it would win.
        skip_dry_run: bool,
    },
    /// The oplog's cap dropped the entries up to this one.
    Capped(OpTime),
    /// The rollback just asked for would take back too much: nothing was done.
    RollbackTooLarge,
    /// `resync`: throw the data away and copy them anew.
    Resync,
    /// The oplog was applied to the clone, as [`Output::ApplyToClone`](crate::output::Output::ApplyToClone) asked.
    CloneApplied,
    /// The oplog can't be applied to the clone: it has to be made anew.
    CloneFailed,
}

impl Input {
    /// Name for traces and charts.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Start => "Start",
            Self::Timer(_) => "Timer",
            Self::Message(message) => message.body.name(),
            Self::Persisted(_) => "Persisted",
            Self::Flushed(_) => "Flushed",
            Self::TurnEnd => "TurnEnd",
            Self::ClientWrite { .. } => "ClientWrite",
            Self::ClientNoop { .. } => "ClientNoop",
            Self::Note => "Note",
            Self::ClientRead { .. } => "ClientRead",
            Self::Abandon(_) => "Abandon",
            Self::Disconnected(_) => "Disconnected",
            Self::Initiate { .. } => "Initiate",
            Self::ConfigResolved { .. } => "ConfigResolved",
            Self::Reconfig { .. } => "Reconfig",
            Self::StepDown { .. } => "StepDown",
            Self::Freeze(_) => "Freeze",
            Self::SyncFrom(_) => "SyncFrom",
            Self::Maintenance(_) => "Maintenance",
            Self::StepUp { .. } => "StepUp",
            Self::Capped(_) => "Capped",
            Self::RollbackTooLarge => "RollbackTooLarge",
            Self::Resync => "Resync",
            Self::CloneApplied => "CloneApplied",
            Self::CloneFailed => "CloneFailed",
        }
    }
}
