//! `saslStart`, `saslContinue`, `logout`: a client says who it is.

use bson::{Bson, Document, doc};

use crate::auth::random;
use crate::auth::user::MECHANISM;
use crate::commands::CommandError;
use crate::server::conversation::{Conversation, Progress};
use crate::server::event::{ConnectionId, ReplyTo};
use crate::server::event_loop::Server;
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const START: AdminCommand = AdminCommand {
    names: &["saslStart"],
    admin_only: false,
    run: start,
};

pub(super) const CONTINUE: AdminCommand = AdminCommand {
    names: &["saslContinue"],
    admin_only: false,
    run: go_on,
};

pub(super) const LOGOUT: AdminCommand = AdminCommand {
    names: &["logout"],
    admin_only: false,
    run: logout,
};

fn start(server: &mut Server, request: Request, connection: ConnectionId, reply: ReplyTo) {
    let arguments = request.to_document().unwrap_or_default();
    match begin(server, &arguments, &request.database, connection) {
        Ok(body) => server.reply(reply, body),
        Err(error) => server.reply_error(reply, &error, false),
    }
}

fn go_on(server: &mut Server, request: Request, connection: ConnectionId, reply: ReplyTo) {
    let arguments = request.to_document().unwrap_or_default();
    // A failure ends the conversation: each guess costs a new one.
    let progress = match server.clients.take_conversation(connection) {
        Some(conversation) => conversation.go_on(&arguments),
        None => Err(CommandError::new(17, "No SASL session state found")),
    };
    match progress.map(|progress| take_note(server, connection, progress)) {
        Ok(body) => server.reply(reply, body),
        Err(error) => server.reply_error(reply, &error, false),
    }
}

fn logout(server: &mut Server, _request: Request, connection: ConnectionId, reply: ReplyTo) {
    server.clients.set_login(connection, None);
    server.reply(reply, doc! { "ok": 1.0 });
}

/// What a `hello` wants to know about logins: the mechanisms of a user, and a login's first message on the way.
pub(super) fn introduce(
    server: &mut Server,
    request: &Request,
    connection: ConnectionId,
    body: &mut Document,
) {
    if let Ok(user) = request.body.get_str("saslSupportedMechs")
        && user.contains('.')
    {
        // The same for everybody: who is a user is nobody's business, and a wrong name is told when it logs in.
        body.insert("saslSupportedMechs", vec![MECHANISM]);
    }
    let Ok(speculative) = request.body.get_document("speculativeAuthenticate") else {
        return;
    };
    let arguments = Document::try_from(speculative).unwrap_or_default();
    let database = arguments.get_str("db").unwrap_or("admin").to_owned();
    // If it fails, the client tries again in so many words and hears why.
    if let Ok(mut first) = begin(server, &arguments, &database, connection) {
        first.remove("ok");
        body.insert("speculativeAuthenticate", Bson::Document(first));
    }
}

fn begin(
    server: &mut Server,
    arguments: &Document,
    database: &str,
    connection: ConnectionId,
) -> Result<Document, CommandError> {
    let nonce = random::bytes().map_err(|error| CommandError::new(1, error))?;
    let progress = Conversation::start(arguments, database, |name| server.find_user(name), nonce)?;
    Ok(take_note(server, connection, progress))
}

fn take_note(server: &mut Server, connection: ConnectionId, progress: Progress) -> Document {
    match progress {
        Progress::GoesOn(body, conversation) => {
            server.clients.set_conversation(connection, *conversation);
            body
        }
        Progress::Done(body, login) => {
            tracing::debug!(user = %login.name, connection = connection.0, "authentication succeeded");
            server.clients.set_login(connection, Some(login));
            body
        }
    }
}
