//! `configureFailPoint`: only with `--setParameter enableTestCommands=1`.

use bson::doc;

use crate::commands::CommandError;
use crate::server::event::{ConnectionId, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["configureFailPoint"],
    admin_only: true,
    run,
};

fn run(server: &mut Server, request: Request, _connection: ConnectionId, reply: ReplyTo) {
    if !server.options.test_commands() {
        let error = CommandError::new(59, "no such command: 'configureFailPoint'");
        return server.reply_error(reply, &error, false);
    }
    let configured = match request.to_document() {
        Ok(command) => server.fail_points.configure(&command),
        Err(error) => Err(CommandError::new(9, error.to_string())),
    };
    match configured {
        Ok(count) => server.reply(reply, doc! { "count": count, "ok": 1.0 }),
        Err(error) => server.reply_error(reply, &error, false),
    }
}
