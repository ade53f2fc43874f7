//! Cuts a stream of bytes into messages.

use super::error::WireError;
use super::header::Header;

/// One connection's bytes that are not yet consumed. Feed it with [`FrameBuffer::push`], then take messages with
/// [`FrameBuffer::next_frame`] until it says `None`. After an error the stream has no frame any more: close it.
#[derive(Default, Debug)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
    consumed: usize,
}

impl FrameBuffer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends what the socket gave.
    pub fn push(&mut self, bytes: &[u8]) {
        self.compact();
        self.bytes.extend_from_slice(bytes);
    }

    /// The buffer to read a socket into (append only); consumed messages are dropped first.
    pub fn space(&mut self) -> &mut Vec<u8> {
        self.compact();
        &mut self.bytes
    }

    /// The next whole message, header included, or `None` until more bytes arrive. A wrong length is reported as
    /// soon as the header is there, so that no sender makes us hold more than the limit.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, WireError> {
        let rest = &self.bytes[self.consumed..];
        let Some(header) = Header::parse(rest)? else {
            return Ok(None);
        };
        if rest.len() < header.length {
            return Ok(None);
        }
        let start = self.consumed;
        self.consumed += header.length;
        Ok(Some(&self.bytes[start..self.consumed]))
    }

    /// Bytes held that belong to no message yet.
    pub fn pending_bytes(&self) -> usize {
        self.bytes.len() - self.consumed
    }

    fn compact(&mut self) {
        if self.consumed > 0 {
            self.bytes.drain(..self.consumed);
            self.consumed = 0;
        }
    }
}
