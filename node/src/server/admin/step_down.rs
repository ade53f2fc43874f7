//! `replSetStepDown`.

use std::time::Duration;

use bson::doc;
use protocol::input::Input;

use crate::commands::CommandError;
use crate::server::event::{ConnectionId, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::pending::{Purpose, Waiter};
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["replSetStepDown"],
    admin_only: true,
    run,
};

/// How long the old primary may not stand, unless the command says so.
const PERIOD_DEFAULT_SECS: u64 = 60;
/// How long it waits for a caught-up secondary, unless the command says so.
const CATCH_UP_DEFAULT_SECS: u64 = 10;

fn run(server: &mut Server, request: Request, _connection: ConnectionId, reply: ReplyTo) {
    let seconds = |key: &str| super::number(&request, key).and_then(|value| u64::try_from(value).ok());
    let period = seconds("replSetStepDown")
        .filter(|period| *period > 0)
        .unwrap_or(PERIOD_DEFAULT_SECS);
    let catch_up = seconds("secondaryCatchUpPeriodSecs").unwrap_or(CATCH_UP_DEFAULT_SECS.min(period));
    let force = request.body.get_bool("force").unwrap_or(false);
    if catch_up > period {
        let error = CommandError::new(
            2,
            "stepdown period must be longer than secondaryCatchUpPeriodSecs",
        );
        return server.reply_error(reply, &error, false);
    }
    server.step_down_wait = Duration::from_secs(catch_up);
    server.frozen_for = Duration::from_secs(period);
    let id = server.pending.number();
    server.pending.wait(
        id,
        Waiter {
            reply,
            body: doc! { "ok": 1.0 },
            purpose: Purpose::Admin,
        },
        None,
    );
    server.feed(&Input::StepDown { id, force });
}
