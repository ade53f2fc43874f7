//! `replSetMaintenance`.

use bson::doc;
use protocol::input::Input;

use crate::server::answer::of_refusal;
use crate::server::event::{ConnectionId, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["replSetMaintenance"],
    admin_only: true,
    run,
};

fn run(server: &mut Server, request: Request, _connection: ConnectionId, reply: ReplyTo) {
    if server.state.is_primary() {
        return server.reply_error(reply, &of_refusal(protocol::output::Refusal::NotSecondary), false);
    }
    let on = request.body.get_bool("replSetMaintenance").ok();
    let on = on.or_else(|| super::number(&request, "replSetMaintenance").map(|value| value != 0));
    server.feed(&Input::Maintenance(on.unwrap_or(false)));
    server.reply(reply, doc! { "ok": 1.0 });
}
