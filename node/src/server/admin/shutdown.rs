//! `shutdown`: a primary hands over first (S2-09).

use std::time::Duration;

use bson::doc;
use protocol::input::Input;

use crate::server::event::{ConnectionId, Event, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["shutdown"],
    admin_only: true,
    run,
};

/// Time for the answer to leave.
const FAREWELL: Duration = Duration::from_millis(50);

fn run(server: &mut Server, _request: Request, _connection: ConnectionId, reply: ReplyTo) {
    if server.state.is_primary() {
        // Hands over at once if somebody has caught up; goes down in any case.
        let id = server.pending.number();
        server.feed(&Input::StepDown { id, force: true });
    }
    server.reply(reply, doc! { "ok": 1.0 });
    // The answer is on its way to the connection's task; the process must not be gone before it is sent.
    let events = server.events.clone();
    tokio::task::spawn_local(async move {
        tokio::time::sleep(FAREWELL).await;
        let _ = events.send(Event::Stop);
    });
}
