//! FATAL (S4-26): a member that can't go on takes part no more, but stays to say so, until somebody stops it and looks.
//!
//! Its oplog and its data stay as they were. It answers heartbeats, so that the others see FATAL and not just silence, and
//! the commands by which an operator finds out why; everything else is refused.

use protocol::input::Input;
use protocol::member::step;
use protocol::message::{Body, MemberState};
use protocol::output::Output;
use protocol::state::Role;

use super::event_loop::{Server, wall_secs};
use super::pending::Pending;
use crate::commands::CommandError;
use crate::wire::Request;

/// What still is answered.
const ANSWERED: &[&str] = &[
    "buildInfo",
    "buildinfo",
    "configureFailPoint",
    "connectionStatus",
    "getCmdLineOpts",
    "getLog",
    "getParameter",
    "hello",
    "hostInfo",
    "isMaster",
    "ismaster",
    "isdbgrid",
    "listCommands",
    "ping",
    "replSetGetConfig",
    "replSetGetStatus",
    "saslContinue",
    "saslStart",
    "serverStatus",
    "shutdown",
    "whatsmyuri",
];

impl Server {
    /// Takes part no more.
    pub(super) fn give_up(&mut self, why: &str) {
        if self.given_up.is_some() {
            return;
        }
        tracing::error!(
            why,
            "fatal: this member can't go on; it copies, votes and serves no more, and stays as it is (state FATAL). \
             Stop it and look; a start tries again, an empty directory lets it sync anew"
        );
        self.given_up = Some(why.to_owned());
        self.cursors.close_all();
        // Their clients hear that the connection is lost, which says nothing about what became of their writes.
        self.pending = Pending::default();
        self.awaiting.clear();
        self.be_fatal();
        self.topology_changed();
    }

    /// May a client's request still be answered?
    pub(super) fn check_gives_up(&self, request: &Request) -> Result<(), CommandError> {
        match &self.given_up {
            Some(why) if !ANSWERED.contains(&request.name.as_str()) => {
                let text = format!("this member has given up (FATAL): {why}");
                Err(CommandError::new(13436, text))
            }
            _ => Ok(()),
        }
    }

    /// The core still answers heartbeats; whatever else it would do is left undone.
    pub(super) fn feed_fatal(&mut self, input: &Input) {
        let is_heartbeat = |message: &protocol::message::Message| {
            matches!(
                message.body,
                Body::HeartbeatRequest { .. } | Body::HeartbeatResponse { .. }
            )
        };
        if !matches!(input, Input::Message(message) if is_heartbeat(message)) {
            return;
        }
        let mut outputs = Vec::new();
        step(&self.rules, &mut self.state, wall_secs(), input, &mut outputs);
        self.be_fatal();
        for output in outputs {
            if let Output::Send(message) = output
                && matches!(message.body, Body::HeartbeatResponse { .. })
            {
                self.obey(Output::Send(message));
            }
        }
    }

    fn be_fatal(&mut self) {
        self.state.member_state = MemberState::Fatal;
        self.state.role = Role::Follower;
        self.state.primary = None;
    }
}
