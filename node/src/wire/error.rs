//! What can be wrong with bytes from a socket.

use thiserror::Error;

use super::limits::{MESSAGE_BYTES_MAX, NESTING_DEPTH_MAX, WIRE_DOCUMENT_BYTES_MAX};
use crate::error_code::ErrorCode;

/// A message that is not understood. [`WireError::answer_code`] says whether the sender deserves a reply.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum WireError {
    /// The length in the header is below a header's size.
    #[error("message of {0} bytes is shorter than its header")]
    MessageTooShort(i32),
    /// The length in the header is above [`MESSAGE_BYTES_MAX`].
    #[error("message of {0} bytes is larger than the limit of {MESSAGE_BYTES_MAX} bytes")]
    MessageTooLarge(i32),
    /// An opcode that no client of today sends.
    #[error("unsupported operation code {0}")]
    UnsupportedOpcode(i32),
    /// A legacy `OP_QUERY` other than the hello of a handshake.
    #[error("Unsupported OP_QUERY command: {0}. The client driver may require an upgrade.")]
    UnsupportedQuery(String),
    /// A bit of the lower 16 flag bits that is not known, so the message may mean anything.
    #[error("message contains illegal flags value {0:#x}")]
    IllegalFlags(u32),
    /// A section that is neither a body (0) nor a document sequence (1).
    #[error("unknown section kind {0}")]
    UnknownSection(u8),
    /// Two body sections.
    #[error("multiple body sections in message")]
    SecondBody,
    /// No body section.
    #[error("messages must have a body")]
    BodyMissing,
    /// Two document sequences of one name, or one that repeats a field of the body.
    #[error("duplicate document sequence: {0}")]
    DuplicateSequence(String),
    /// More document sequences than any command takes.
    #[error("too many document sequences")]
    TooManySequences,
    /// A body without fields.
    #[error("a command needs a name")]
    NameMissing,
    /// No usable field `$db`.
    #[error("requests require a $db argument of type string")]
    DatabaseMissing,
    /// The checksum at the end does not fit the bytes.
    #[error("checksum does not match the message")]
    ChecksumMismatch,
    /// A part runs over the end of what contains it, or ends before it.
    #[error("malformed message: {0}")]
    Malformed(&'static str),
    /// A document above [`WIRE_DOCUMENT_BYTES_MAX`].
    #[error("document of {0} bytes is larger than the limit of {WIRE_DOCUMENT_BYTES_MAX} bytes")]
    DocumentTooLarge(usize),
    /// A document nested beyond [`NESTING_DEPTH_MAX`].
    #[error("document is nested deeper than {NESTING_DEPTH_MAX} levels")]
    TooDeep,
    /// A document that is not BSON.
    #[error("invalid BSON: {0}")]
    InvalidDocument(&'static str),
}

impl WireError {
    /// The code of the error reply, for messages whose frame was sound. `None`: the byte stream itself cannot
    /// be trusted any more, and the connection must be closed without an answer.
    pub fn answer_code(&self) -> Option<ErrorCode> {
        match self {
            Self::MessageTooShort(_) | Self::MessageTooLarge(_) | Self::UnsupportedOpcode(_) => None,
            Self::Malformed(_) | Self::ChecksumMismatch => None,
            Self::UnsupportedQuery(_) => Some(ErrorCode::UNSUPPORTED_OP_QUERY_COMMAND),
            Self::IllegalFlags(_) => Some(ErrorCode(40429)),
            Self::SecondBody => Some(ErrorCode(40430)),
            Self::DuplicateSequence(_) => Some(ErrorCode(40431)),
            Self::UnknownSection(_) => Some(ErrorCode(40432)),
            Self::BodyMissing => Some(ErrorCode(40587)),
            Self::DatabaseMissing => Some(ErrorCode(40571)),
            Self::NameMissing | Self::TooManySequences => Some(ErrorCode::FAILED_TO_PARSE),
            Self::TooDeep => Some(ErrorCode::OVERFLOW),
            Self::DocumentTooLarge(_) => Some(ErrorCode::BSON_OBJECT_TOO_LARGE),
            Self::InvalidDocument(_) => Some(ErrorCode::INVALID_BSON),
        }
    }
}
