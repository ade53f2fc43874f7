//! `replSetGetConfig`.

use bson::doc;
use protocol::output::Refusal;
use protocol::rules::reconfigure::is_committed;

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

fn run(server: &mut Server, request: Request, _connection: ConnectionId, reply: ReplyTo) {
    if server.options.set_name().is_none() {
        let error = CommandError::new(76, "not running with --replSet");
        server.reply_error(reply, &error, false);
    } else if server.state.config.is_none() {
        server.reply_error(reply, &of_refusal(Refusal::NotYetInitialized), false);
    } else {
        let config = config_document::format(&server.state.config);
        let mut body = doc! { "config": config };
        if request.body.get_bool("commitmentStatus").unwrap_or(false) {
            if !server.state.is_writable() {
                let error = CommandError::new(10107, "commitmentStatus is known to a writable primary only");
                return server.reply_error(reply, &error, false);
            }
            body.insert("commitmentStatus", is_committed(&server.state));
        }
        body.insert("ok", 1.0);
        server.reply(reply, body);
    }
}
