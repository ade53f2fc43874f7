//! Logical sessions: the driver makes them, the server knows when they were used last, and their last retryable write.

use std::time::Instant;

use bson::spec::BinarySubtype;
use bson::{Binary, Document, RawBsonRef, doc, oid::ObjectId, rawdoc};

use super::command::{Access, Command, ReadAccess, Scope};
use super::error::CommandError;
use super::logical_sessions::{LSID_BYTES_MAX, session_key};
use crate::replication::hello::SESSION_TIMEOUT_MINUTES;
use crate::wire::Request;

pub(super) const START: Command = Command {
    names: &["startSession"],
    access: Access::Nothing(start),
    scope: Scope::Any,
};

pub(super) const REFRESH: Command = Command {
    names: &["refreshSessions"],
    access: Access::Nothing(refresh),
    scope: Scope::Any,
};

pub(super) const END: Command = Command {
    names: &["endSessions", "killSessions"],
    access: Access::Nothing(end),
    scope: Scope::Any,
};

pub(super) const END_ALL: Command = Command {
    names: &["killAllSessions", "killAllSessionsByPattern"],
    access: Access::Nothing(end_all),
    scope: Scope::Any,
};

fn start(access: &mut ReadAccess<'_>, _request: &Request) -> Result<Document, CommandError> {
    // Two object ids hold more than the sixteen bytes of a session id that nobody else has.
    let mut bytes = ObjectId::new().bytes().to_vec();
    bytes.extend_from_slice(&ObjectId::new().bytes()[8..]);
    let id = Binary {
        subtype: BinarySubtype::Uuid,
        bytes,
    };
    let lsid = rawdoc! { "id": id.clone() };
    access.sessions.used(&session_key(&lsid), Instant::now())?;
    Ok(doc! { "id": { "id": id }, "timeoutMinutes": SESSION_TIMEOUT_MINUTES, "ok": 1.0 })
}

fn refresh(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    for session in named(request)? {
        access.sessions.used(&session, Instant::now())?;
    }
    Ok(doc! { "ok": 1.0 })
}

fn end(access: &mut ReadAccess<'_>, request: &Request) -> Result<Document, CommandError> {
    for session in named(request)? {
        access.sessions.end(&session);
        access.cursors.close_of(&session);
    }
    Ok(doc! { "ok": 1.0 })
}

fn end_all(access: &mut ReadAccess<'_>, _request: &Request) -> Result<Document, CommandError> {
    for session in access.sessions.end_all() {
        access.cursors.close_of(&session);
    }
    Ok(doc! { "ok": 1.0 })
}

/// The sessions that the command's first field lists.
fn named(request: &Request) -> Result<Vec<Vec<u8>>, CommandError> {
    let bad = || {
        let text = format!(
            "BSON field '{0}.{0}' must be an array of session ids",
            request.name
        );
        CommandError::new(14, text)
    };
    let Ok(Some(RawBsonRef::Array(listed))) = request.body.get(&request.name) else {
        return Err(bad());
    };
    let one = |value| match value {
        Ok(RawBsonRef::Document(lsid)) if lsid.as_bytes().len() <= LSID_BYTES_MAX => Ok(session_key(lsid)),
        _ => Err(bad()),
    };
    listed.into_iter().map(one).collect()
}
