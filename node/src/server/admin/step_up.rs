//! `replSetStepUp`: stand for election now.

use bson::doc;
use protocol::input::Input;

use crate::commands::CommandError;
use crate::server::event::{ConnectionId, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["replSetStepUp"],
    admin_only: true,
    run,
};

fn run(server: &mut Server, _request: Request, _connection: ConnectionId, reply: ReplyTo) {
    let term = server.state.term;
    server.feed(&Input::StepUp);
    if server.state.is_primary() || server.state.term > term {
        server.reply(reply, doc! { "ok": 1.0 });
    } else {
        server.reply_error(
            reply,
            &CommandError::new(125, "Election failed: this member can't stand now."),
            false,
        );
    }
}
