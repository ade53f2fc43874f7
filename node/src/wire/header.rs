//! The 16 bytes before every message.

use super::error::WireError;
use super::limits::MESSAGE_BYTES_MAX;

/// The header of a message; all numbers are little-endian on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Bytes of the whole message, header included.
    pub length: usize,
    /// The sender's number for this message.
    pub request_id: i32,
    /// The number of the message that this one answers, or 0.
    pub response_to: i32,
    /// What follows.
    pub opcode: i32,
}

/// The opcodes in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum Opcode {
    /// Legacy reply, only to [`Opcode::Query`].
    Reply = 1,
    /// Legacy query, only for a driver's first hello.
    Query = 2004,
    /// Everything else.
    Msg = 2013,
}

impl Header {
    /// Bytes of a header on the wire.
    pub const BYTES: usize = 16;

    /// Reads a header from the start of `bytes`; `None` while it is not complete.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, WireError> {
        if bytes.len() < Self::BYTES {
            return Ok(None);
        }
        let field = |at: usize| i32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let announced = field(0);
        let length = usize::try_from(announced).map_err(|_| WireError::MessageTooShort(announced))?;
        if length < Self::BYTES {
            return Err(WireError::MessageTooShort(announced));
        }
        if length > MESSAGE_BYTES_MAX {
            return Err(WireError::MessageTooLarge(announced));
        }
        Ok(Some(Self {
            length,
            request_id: field(4),
            response_to: field(8),
            opcode: field(12),
        }))
    }

    /// Appends a header whose length is filled in later by [`Header::patch_length`].
    pub(super) fn begin(out: &mut Vec<u8>, request_id: i32, response_to: i32, opcode: Opcode) -> usize {
        let start = out.len();
        for field in [0, request_id, response_to, opcode as i32] {
            out.extend_from_slice(&field.to_le_bytes());
        }
        start
    }

    /// Writes the length of the message that began at `start` and ends with `out`.
    pub(super) fn patch_length(out: &mut [u8], start: usize) {
        let length = (out.len() - start) as i32;
        out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    }
}
