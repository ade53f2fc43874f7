//! `replSetSyncFrom`.

use bson::doc;
use protocol::input::Input;

use crate::commands::CommandError;
use crate::server::answer::of_refusal;
use crate::server::event::{ConnectionId, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["replSetSyncFrom"],
    admin_only: true,
    run,
};

fn run(server: &mut Server, request: Request, _connection: ConnectionId, reply: ReplyTo) {
    let host = request
        .body
        .get_str("replSetSyncFrom")
        .unwrap_or_default()
        .to_owned();
    if server.state.is_primary() {
        return server.reply_error(reply, &of_refusal(protocol::output::Refusal::NotSecondary), false);
    }
    let target = server
        .state
        .config
        .members
        .iter()
        .find(|member| member.host == host)
        .map(|member| member.id);
    let Some(target) = target else {
        let error = CommandError::new(74, format!("Could not find member {host:?} in replica set"));
        return server.reply_error(reply, &error, false);
    };
    let before = server
        .state
        .sync_source
        .and_then(|id| server.state.config.member(id))
        .map(|member| member.host.clone());
    server.feed(&Input::SyncFrom(target));
    if server.state.sync_source != Some(target) {
        let error = CommandError::new(
            119,
            format!("cannot sync from {host}: it is this member, or holds no data"),
        );
        return server.reply_error(reply, &error, false);
    }
    let mut body = doc! { "syncFromRequested": host, "ok": 1.0 };
    if let Some(before) = before {
        body.insert("prevSyncTarget", before);
    }
    server.reply(reply, body);
}
