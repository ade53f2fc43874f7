//! `replSetStepUp`: stand for election now.

use bson::doc;
use protocol::input::Input;
use protocol::rules::stand_for_election::is_electable;

use crate::commands::CommandError;
use crate::server::event::{ConnectionId, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["replSetStepUp"],
    admin_only: true,
    run,
};

fn run(server: &mut Server, request: Request, _connection: ConnectionId, reply: ReplyTo) {
    let skip_dry_run = request.body.get_bool("skipDryRun").unwrap_or(false);
    // Asked before: the role may be left over from a question that others refused long ago.
    let can_stand = server.state.is_primary() || is_electable(&server.state);
    server.feed(&Input::StepUp { skip_dry_run });
    if can_stand {
        server.reply(reply, doc! { "ok": 1.0 });
    } else {
        server.reply_error(
            reply,
            &CommandError::new(125, "Election failed: this member can't stand now."),
            false,
        );
    }
}
