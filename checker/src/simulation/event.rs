//! What is planned in a simulation.

use std::sync::Arc;

use protocol::config::Config;
use protocol::input::{Input, RequestId};
use protocol::message::Message;
use protocol::timer::Timer;
use workloads::operation::Completion;

/// One planned event.
#[derive(Clone, Debug)]
pub enum Event {
    /// A message arrives, if sender and receiver live the lives in which it was sent, or that doesn't matter.
    Deliver(Message, (u32, u32)),
    /// For one life of one member.
    Member {
        /// Whom.
        member: usize,
        /// In which life.
        life: u32,
        /// What.
        what: Happening,
    },
    /// A client's answer reaches it.
    Reply(RequestId, Completion),
    /// A client has waited long enough.
    GiveUp(RequestId),
    /// A client process goes on.
    Client(usize),
    /// Something is disturbed.
    Disturb,
    /// A disturbance ends.
    Heal(usize),
    /// The operator does something.
    Operate,
    /// A member's data are lost, or thrown away.
    Lose,
    /// A machine that died within a step comes back.
    Revive(usize),
    /// The trouble is over: everything is healed.
    Peace,
    /// Has it come to rest?
    Look,
}

/// What happens to one member in one life.
#[derive(Clone, Debug)]
pub enum Happening {
    /// A timer may have to fire; planned for that time.
    Wake(Timer, u64),
    /// A flush of so many requests is done.
    Flush(usize),
    /// What was at hand is worked off.
    TurnEnd,
    /// It was found out which member this is.
    Resolved(Arc<Config>),
    /// A client's request arrives.
    Request(RequestId),
    /// The operator, or a client that gives up.
    Told(Input),
    /// Its connection to this member may be broken still.
    Loss {
        /// To whom.
        of: usize,
        /// When it looks again.
        wait_us: u64,
    },
}
