//! `_isSelf`: who is at this address? Members ask it to find themselves in a configuration.

use bson::doc;

use crate::server::event::{ConnectionId, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["_isSelf"],
    admin_only: false,
    run,
};

fn run(server: &mut Server, _request: Request, _connection: ConnectionId, reply: ReplyTo) {
    let body = doc! {
        "id": server.topology.process_id,
        "hasConfig": !server.state.config.is_none(),
        "hasData": !server.state.last_written().is_null(),
        "setName": server.options.set_name().unwrap_or_default(),
        "ok": 1.0,
    };
    server.reply(reply, body);
}
