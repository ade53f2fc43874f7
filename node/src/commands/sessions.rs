//! Logical sessions: the driver makes them, the server knows only their last retryable write.

use bson::spec::BinarySubtype;
use bson::{Binary, Document, doc, oid::ObjectId};

use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use crate::replication::hello::SESSION_TIMEOUT_MINUTES;
use crate::wire::Request;

pub(super) const START: Command = Command {
    names: &["startSession"],
    access: Access::Nothing(start),
    scope: Scope::Any,
};

pub(super) const END: Command = Command {
    names: &[
        "endSessions",
        "refreshSessions",
        "killSessions",
        "killAllSessions",
        "killAllSessionsByPattern",
    ],
    access: Access::Nothing(end),
    scope: Scope::Any,
};

fn start(_access: &mut ReadAccess<'_>, _request: &Request) -> Result<Document, CommandError> {
    // Two object ids hold more than the sixteen bytes of a session id that nobody else has.
    let mut bytes = ObjectId::new().bytes().to_vec();
    bytes.extend_from_slice(&ObjectId::new().bytes()[8..]);
    let id = Binary {
        subtype: BinarySubtype::Uuid,
        bytes,
    };
    Ok(doc! { "id": { "id": id }, "timeoutMinutes": SESSION_TIMEOUT_MINUTES, "ok": 1.0 })
}

fn end(_access: &mut ReadAccess<'_>, _request: &Request) -> Result<Document, CommandError> {
    Ok(doc! { "ok": 1.0 })
}
