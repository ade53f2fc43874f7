//! Replies as bytes.

use bson::RawDocument;

use super::header::{Header, Opcode};
use super::op_msg::FLAG_MORE_TO_COME;
use super::request::RequestKind;

/// Appends the reply to a request of the given form. `more_to_come` announces another reply without another
/// request (streaming hello, exhaust cursors); a legacy reply cannot say so.
pub fn encode_reply(
    out: &mut Vec<u8>,
    kind: RequestKind,
    id: i32,
    response_to: i32,
    body: &RawDocument,
    more_to_come: bool,
) {
    match kind {
        RequestKind::Msg => encode_message(out, id, response_to, body, more_to_come),
        RequestKind::Query => encode_legacy_reply(out, id, response_to, body),
    }
}

/// Appends an `OP_MSG` with one body section: a reply, or a request of our own to another member.
pub fn encode_message(out: &mut Vec<u8>, id: i32, response_to: i32, body: &RawDocument, more_to_come: bool) {
    let start = Header::begin(out, id, response_to, Opcode::Msg);
    let flags = if more_to_come { FLAG_MORE_TO_COME } else { 0 };
    out.extend_from_slice(&flags.to_le_bytes());
    out.push(0);
    out.extend_from_slice(body.as_bytes());
    Header::patch_length(out, start);
}

/// `OP_REPLY`: flags, cursor id 0, starting from 0, one document.
fn encode_legacy_reply(out: &mut Vec<u8>, id: i32, response_to: i32, body: &RawDocument) {
    const AWAIT_CAPABLE: i32 = 8;
    let start = Header::begin(out, id, response_to, Opcode::Reply);
    out.extend_from_slice(&AWAIT_CAPABLE.to_le_bytes());
    out.extend_from_slice(&0_i64.to_le_bytes());
    out.extend_from_slice(&0_i32.to_le_bytes());
    out.extend_from_slice(&1_i32.to_le_bytes());
    out.extend_from_slice(body.as_bytes());
    Header::patch_length(out, start);
}
