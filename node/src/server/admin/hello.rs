//! `hello`, `isMaster`, `ismaster`: at once, or when something changes (awaitable, streaming).

use std::time::Duration;

use tokio::time::Instant;

use super::sasl::introduce;
use crate::replication::hello::{Asker, hello};
use crate::server::event::{ConnectionId, ReplyTo};
use crate::server::event_loop::{HelloWaiter, Server};
use crate::server::request::AdminCommand;
use crate::wire::Request;

pub(super) const COMMAND: AdminCommand = AdminCommand {
    names: &["hello", "isMaster", "ismaster"],
    admin_only: false,
    run,
};

/// The longest that a `hello` waits, whatever it asks for.
const AWAIT_MAX: Duration = Duration::from_secs(60);

fn run(server: &mut Server, request: Request, connection: ConnectionId, reply: ReplyTo) {
    server.clients.note_handshake(connection, &request);
    let asker = Asker {
        legacy: request.name != "hello",
        connection_id: connection.0,
        replicated: server.options.set_name().is_some(),
    };
    let await_ms = request.body.get("maxAwaitTimeMS").ok().flatten().and_then(as_i64);
    let known = request
        .body
        .get_document("topologyVersion")
        .ok()
        .and_then(|known| {
            let process = known.get_object_id("processId").ok()?;
            let counter = known.get("counter").ok().flatten().and_then(as_i64)?;
            Some((process, counter))
        });
    let current = (server.topology.process_id, server.topology.counter);
    match (await_ms, known) {
        (Some(await_ms), Some(known)) if known == current => {
            let wait = Duration::from_millis(u64::try_from(await_ms).unwrap_or(0)).min(AWAIT_MAX);
            server.hello_waiters.push(HelloWaiter {
                reply,
                deadline: Instant::now() + wait,
                asker,
            });
        }
        _ => {
            let mut body = hello(&server.state, server.topology, asker);
            introduce(server, &request, connection, &mut body);
            server.reply(reply, body);
        }
    }
}

fn as_i64(value: bson::raw::RawBsonRef<'_>) -> Option<i64> {
    value.as_i64().or_else(|| value.as_i32().map(i64::from))
}
