//! MongoDB's wire format: bytes in, requests out; replies in, bytes out. No socket, no clock, no policy, and no
//! panic on any bytes. Reading order: limits, error, header, frame, document, body, request, op_msg, op_query, reply.

mod body;
mod checksum;
mod document;
mod error;
mod frame;
mod header;
mod limits;
mod op_msg;
mod op_query;
mod reply;
mod request;

pub use body::Body;
pub use checksum::append_checksum;
pub use document::validate_document;
pub use error::WireError;
pub use frame::FrameBuffer;
pub use header::{Header, Opcode};
pub use limits::*;
pub use reply::{encode_message, encode_reply};
pub use request::{Request, RequestKind, parse_request};

#[cfg(test)]
mod tests;
