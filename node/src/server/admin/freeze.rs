//! `replSetFreeze`.

use std::time::Duration;

use bson::doc;
use protocol::input::Input;
use protocol::timer::Timer;
use tokio::time::Instant;

use crate::commands::CommandError;
use crate::replication::status::state_name;
use crate::server::event::{ConnectionId, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["replSetFreeze"],
    admin_only: true,
    run,
};

fn run(server: &mut Server, request: Request, _connection: ConnectionId, reply: ReplyTo) {
    let seconds = super::number(&request, "replSetFreeze").and_then(|value| u64::try_from(value).ok());
    let Some(seconds) = seconds else {
        return server.reply_error(
            reply,
            &CommandError::new(2, "replSetFreeze wants a number of seconds"),
            false,
        );
    };
    if server.state.is_primary() {
        let state = state_name(server.state.member_state);
        let error = CommandError::new(
            95,
            format!("cannot freeze node when primary or running for election. state: {state}"),
        );
        return server.reply_error(reply, &error, false);
    }
    server.feed(&Input::Freeze(seconds > 0));
    let mut body = doc! { "ok": 1.0 };
    if seconds == 0 {
        server.timers.cancel(Timer::Unfreeze);
        body.insert("info", "unfreezing");
    } else {
        server
            .timers
            .set(Timer::Unfreeze, Instant::now() + Duration::from_secs(seconds));
        if seconds == 1 {
            body.insert(
                "warning",
                "you really want to freeze for only 1 second? 0 unfreezes",
            );
        }
    }
    server.reply(reply, body);
}
