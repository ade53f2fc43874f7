//! `OP_QUERY`: the form in which Node.js drivers (and mongosh) still send their first hello. Everything else in
//! this form is refused, as servers have done since 5.1.

use super::error::WireError;
use super::header::Header;
use super::op_msg::{first_key, take_document};
use super::request::{Request, RequestKind};

const COMMAND_COLLECTION: &str = ".$cmd";
const HANDSHAKES: [&str; 3] = ["hello", "isMaster", "ismaster"];

/// Reads a whole `OP_QUERY`: flags, namespace, skip, limit, command, perhaps a projection.
pub(super) fn parse(id: i32, message: &[u8]) -> Result<Request, WireError> {
    let content = message
        .get(Header::BYTES + 4..)
        .ok_or(WireError::Malformed("query is cut off"))?;
    let end = content
        .iter()
        .position(|byte| *byte == 0)
        .ok_or(WireError::Malformed("query has no namespace"))?;
    let namespace = std::str::from_utf8(&content[..end])
        .map_err(|_| WireError::Malformed("query has no readable namespace"))?;
    let after_counts = content
        .get(end + 9..)
        .ok_or(WireError::Malformed("query is cut off"))?;
    let (mut body, _) = take_document(after_counts)?;
    // Old drivers wrap the command when they also send a read preference.
    for wrapper in ["$query", "query"] {
        if first_key(&body)? == wrapper
            && let Ok(inner) = body.get_document(wrapper)
        {
            body = inner.to_owned();
            break;
        }
    }
    let name = first_key(&body)?;
    let Some(database) = namespace.strip_suffix(COMMAND_COLLECTION) else {
        return Err(WireError::UnsupportedQuery("find".to_owned()));
    };
    if !HANDSHAKES.contains(&name.as_str()) {
        return Err(WireError::UnsupportedQuery(name));
    }
    Ok(Request {
        id,
        kind: RequestKind::Query,
        database: database.to_owned(),
        name,
        body: body.into(),
        sequences: Vec::new(),
        more_to_come: false,
        exhaust_allowed: false,
    })
}
