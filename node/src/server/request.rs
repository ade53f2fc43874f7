//! A client's request: to the operator's commands, or to the data.

use super::event::{ConnectionId, ReplyTo};
use super::event_loop::{Server, wall_secs};
use crate::commands::{CommandError, session_of};
use crate::wire::Request;

/// A command that concerns the member itself, not its data.
pub(super) struct AdminCommand {
    /// Its names, in all spellings.
    pub(super) names: &'static [&'static str],
    /// Only on the database `admin`.
    pub(super) admin_only: bool,
    /// Runs it; it answers by itself, now or later.
    pub(super) run: fn(&mut Server, Request, ConnectionId, ReplyTo),
}

impl Server {
    /// Works one request off; the answer goes to `reply`, now or later.
    pub(super) fn request(&mut self, request: Request, connection: ConnectionId, reply: ReplyTo) {
        tracing::trace!(
            command = request.name,
            database = request.database,
            connection = connection.0,
            "request"
        );
        if let Err(error) = self.check_rights(&request, connection) {
            return self.reply_error(reply, &error, false);
        }
        if let Err(error) = self.check_gives_up(&request) {
            return self.reply_error(reply, &error, false);
        }
        self.traffic.count(&request);
        // Whoever is not known does not move the set's clock.
        let is_known = !self.options.asks_for_login() || self.clients.login(connection).is_some();
        if is_known && let Err(error) = self.cluster_time.hear(&request, wall_secs()) {
            return self.reply_error(reply, &error, false);
        }
        if is_known
            && let Some(session) = session_of(&request)
            && let Err(error) = self.sessions.used(&session, std::time::Instant::now())
        {
            return self.reply_error(reply, &error, false);
        }
        match self.struck(&request, connection) {
            Some(failure) => self.suffer(request, connection, reply, failure),
            None => self.dispatch(request, connection, reply),
        }
    }

    /// To the operator's commands, or to the data.
    pub(super) fn dispatch(&mut self, request: Request, connection: ConnectionId, reply: ReplyTo) {
        let admin = super::admin::COMMANDS
            .iter()
            .find(|command| command.names.contains(&request.name.as_str()));
        match admin {
            Some(command) if command.admin_only && request.database != "admin" => {
                let error = CommandError::new(
                    13,
                    format!("{} may only be run against the admin database.", request.name),
                );
                self.reply_error(reply, &error, false);
            }
            Some(command) => (command.run)(self, request, connection, reply),
            None => self.data_request(request, connection, reply),
        }
    }
}
