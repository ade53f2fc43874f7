//! `replSetGetStatus`.

use bson::doc;

use crate::commands::CommandError;
use crate::replication::status::{StatusView, status};
use crate::replication::sync_status::sync_status;
use crate::server::answer::of_refusal;
use crate::server::event::{ConnectionId, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["replSetGetStatus"],
    admin_only: true,
    run,
};

/// What a member without a configuration says and logs (S0-07).
pub(crate) const EMPTYCONFIG: &str =
    "can't get local.system.replset config from self or any seed (EMPTYCONFIG)";

fn run(server: &mut Server, _request: Request, _connection: ConnectionId, reply: ReplyTo) {
    if server.options.set_name().is_none() {
        let error = CommandError::new(76, "not running with --replSet");
        return server.reply_error(reply, &error, false);
    }
    if server.state.config.is_none() {
        let mut body = of_refusal(protocol::output::Refusal::NotYetInitialized).to_document();
        body.extend(doc! { "startupStatus": 3, "info": EMPTYCONFIG });
        return server.reply(reply, body);
    }
    if server.state.my_config().is_none() {
        let error = CommandError::new(
            93,
            "Our replica set config is invalid or we are not a member of it",
        );
        return server.reply_error(reply, &error, false);
    }
    let view = StatusView {
        state: &server.state,
        contacts: &server.contacts,
        started: server.started,
        elected: server.elected,
        timing: server.timing,
    };
    let mut body = status(&view);
    if let Some(sync) = &server.state.initial_sync {
        let tally = server.cloning.as_ref().map(|clone| clone.tally).or(server.cloned);
        let begin = server.log.base();
        body.insert("initialSyncStatus", sync_status(sync, tally, begin));
    }
    server.reply(reply, body);
}
