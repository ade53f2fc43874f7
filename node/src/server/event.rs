//! What reaches the event loop.

use std::sync::Arc;

use bson::RawDocumentBuf;
use protocol::config::{Config, MemberId};
use tokio::sync::oneshot;

use crate::peers::Parcel;
use crate::wire::Request;

/// Where the answer to a request goes.
pub type ReplyTo = oneshot::Sender<RawDocumentBuf>;

/// Number of a client connection in this life of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnectionId(pub i32);

/// One thing for the event loop to do.
pub enum Event {
    /// A client asks.
    Request {
        /// What.
        request: Request,
        /// Over which connection.
        connection: ConnectionId,
        /// Where the answer goes.
        reply: ReplyTo,
    },
    /// A client connects.
    Opened {
        /// Over which connection.
        connection: ConnectionId,
        /// It comes from this machine.
        is_local: bool,
    },
    /// A client is gone.
    Closed(ConnectionId),
    /// A request that was held up by a failure that a test asked for.
    HeldUp {
        /// What.
        request: Request,
        /// Over which connection.
        connection: ConnectionId,
        /// Where the answer goes.
        reply: ReplyTo,
        /// What else it suffers.
        failure: Box<super::fail_point::Failure>,
    },
    /// A long batch of writes that has paused to let others go first.
    GoOn(super::data::Paused),
    /// Another member speaks.
    Peer(Parcel),
    /// The connection to another member broke.
    PeerLost(MemberId),
    /// This member was looked for in a configuration that came by heartbeat.
    Resolved {
        /// The configuration.
        config: Arc<Config>,
        /// Which member this is, if any.
        me: Option<MemberId>,
        /// Found, or every host has said that it is somebody else. Otherwise it is looked for again.
        known: bool,
    },
    /// `replSetInitiate` was checked: found the set with this configuration.
    Initiate {
        /// The configuration.
        config: Arc<Config>,
        /// Which member this is.
        me: MemberId,
        /// Who waits.
        reply: ReplyTo,
    },
    /// `replSetReconfig` was checked: put it before the core.
    Reconfig(super::admin::Proposed),
    /// A checked command failed outside the loop.
    Answer {
        /// Who waits.
        reply: ReplyTo,
        /// The answer.
        body: RawDocumentBuf,
    },
    /// Shut down cleanly.
    Stop,
}
