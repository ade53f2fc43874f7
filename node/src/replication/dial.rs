//! One question to another member, over a connection of its own, as a client asks it.

use bson::{RawDocument, RawDocumentBuf};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::wire::{FrameBuffer, encode_message};

/// Where the body of an `OP_MSG` reply begins: header 16, flags 4, section kind 1.
const REPLY_BODY_AT: usize = 21;

/// What `host` answers to a command, `$db` included. The caller limits the time.
///
/// # Errors
/// The connection's, and an answer that is none.
pub async fn ask(host: &str, command: &RawDocument) -> anyhow::Result<RawDocumentBuf> {
    let mut socket = TcpStream::connect(host).await?;
    socket.set_nodelay(true)?;
    let mut bytes = Vec::new();
    encode_message(&mut bytes, 1, 0, command, false);
    socket.write_all(&bytes).await?;
    let mut frames = FrameBuffer::new();
    let mut chunk = [0_u8; 4096];
    loop {
        if let Some(frame) = frames.next_frame()? {
            // Header, flags, kind 0, one document.
            let body = frame.get(REPLY_BODY_AT..).unwrap_or_default();
            return Ok(RawDocumentBuf::from_bytes(body.to_vec())?);
        }
        let read = socket.read(&mut chunk).await?;
        anyhow::ensure!(read > 0, "the connection was closed");
        frames.push(&chunk[..read]);
    }
}
