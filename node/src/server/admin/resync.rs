//! `resync` (S2-25): throw this member's data away and copy the set's anew.

use bson::doc;
use protocol::input::Input;

use crate::commands::CommandError;
use crate::server::event::{ConnectionId, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["resync", "replSetResync"],
    admin_only: true,
    run,
};

fn run(server: &mut Server, _request: Request, _connection: ConnectionId, reply: ReplyTo) {
    if server.state.is_primary() {
        let error = CommandError::new(20, "primaries cannot resync");
        return server.reply_error(reply, &error, false);
    }
    server.feed(&Input::Resync);
    if server.state.initial_sync.is_none() {
        let text =
            "this member can't resync now: it holds no data by its configuration, or it is rolling back";
        return server.reply_error(reply, &CommandError::new(95, text), false);
    }
    server.reply(reply, doc! { "info": "waiting to resync", "ok": 1.0 });
}
