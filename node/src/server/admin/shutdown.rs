//! `shutdown`: a primary hands over first (S2-09).

use bson::doc;
use protocol::input::Input;

use crate::server::event::{ConnectionId, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["shutdown"],
    admin_only: true,
    run,
};

fn run(server: &mut Server, _request: Request, _connection: ConnectionId, reply: ReplyTo) {
    if server.state.is_primary() {
        // Hands over at once if somebody has caught up; goes down in any case.
        let id = server.pending.number();
        server.feed(&Input::StepDown { id, force: true });
    }
    server.reply(reply, doc! { "ok": 1.0 });
    server.stopping = Some("shutdown command".to_owned());
}
