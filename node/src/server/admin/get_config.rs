//! `replSetGetConfig`.

use bson::doc;
use protocol::output::Refusal;

use crate::commands::CommandError;
use crate::replication::config_document;
use crate::server::answer::of_refusal;
use crate::server::event::{ConnectionId, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["replSetGetConfig"],
    admin_only: true,
    run,
};

fn run(server: &mut Server, _request: Request, _connection: ConnectionId, reply: ReplyTo) {
    if server.options.set_name().is_none() {
        let error = CommandError::new(76, "not running with --replSet");
        server.reply_error(reply, &error, false);
    } else if server.state.config.is_none() {
        server.reply_error(reply, &of_refusal(Refusal::NotYetInitialized), false);
    } else {
        let config = config_document::format(&server.state.config);
        server.reply(reply, doc! { "config": config, "ok": 1.0 });
    }
}
