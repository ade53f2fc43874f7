//! The client connections of this moment, and what their clients said of themselves.

use std::collections::BTreeMap;

use super::event::ConnectionId;
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
}

impl Clients {
    /// A connection was accepted.
    pub(super) fn opened(&mut self, connection: ConnectionId) {
        self.created += 1;
        self.open.insert(connection, Client::default());
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

    /// Open connections.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Connections since the start.
    pub(super) fn created(&self) -> u64 {
        self.created
    }
}
