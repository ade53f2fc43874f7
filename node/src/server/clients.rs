//! The client connections of this moment, and what their clients said of themselves.

use std::collections::BTreeMap;

use super::event::ConnectionId;
use crate::server::conversation::{Conversation, Login};
use crate::wire::Request;

/// All open connections.
#[derive(Debug, Default)]
pub(super) struct Clients {
    open: BTreeMap<ConnectionId, Client>,
    created: u64,
}

/// One connection.
#[derive(Debug, Default)]
struct Client {
    /// `client.application.name` of its first `hello`.
    application: Option<String>,
    /// It comes from this machine.
    is_local: bool,
    /// A login under way.
    conversation: Option<Conversation>,
    login: Option<Login>,
}

impl Clients {
    /// A connection was accepted.
    pub(super) fn opened(&mut self, connection: ConnectionId, is_local: bool) {
        self.created += 1;
        let client = Client {
            is_local,
            ..Client::default()
        };
        self.open.insert(connection, client);
    }

    /// A connection ended.
    pub(super) fn closed(&mut self, connection: ConnectionId) {
        self.open.remove(&connection);
    }

    /// Takes note of the name in a handshake.
    pub(super) fn note_handshake(&mut self, connection: ConnectionId, request: &Request) {
        let name = request
            .body
            .get_document("client")
            .and_then(|client| client.get_document("application"))
            .and_then(|application| application.get_str("name"));
        if let (Some(client), Ok(name)) = (self.open.get_mut(&connection), name) {
            client.application = Some(name.to_owned());
        }
    }

    /// The application's name, if it has told one.
    pub(super) fn application(&self, connection: ConnectionId) -> Option<&str> {
        self.open.get(&connection)?.application.as_deref()
    }

    /// Does it come from this machine?
    pub(super) fn is_local(&self, connection: ConnectionId) -> bool {
        self.open.get(&connection).is_some_and(|client| client.is_local)
    }

    /// Who has logged in.
    pub(super) fn login(&self, connection: ConnectionId) -> Option<&Login> {
        self.open.get(&connection)?.login.as_ref()
    }

    /// Somebody has logged in, or out.
    pub(super) fn set_login(&mut self, connection: ConnectionId, login: Option<Login>) {
        if let Some(client) = self.open.get_mut(&connection) {
            client.login = login;
        }
    }

    /// A login begins or goes on; an earlier one is forgotten.
    pub(super) fn set_conversation(&mut self, connection: ConnectionId, conversation: Conversation) {
        if let Some(client) = self.open.get_mut(&connection) {
            client.conversation = Some(conversation);
        }
    }

    /// The login under way.
    pub(super) fn take_conversation(&mut self, connection: ConnectionId) -> Option<Conversation> {
        self.open.get_mut(&connection)?.conversation.take()
    }

    /// Open connections.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Connections since the start.
    pub(super) fn created(&self) -> u64 {
        self.created
    }
}
