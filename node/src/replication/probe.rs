//! Finding oneself in a configuration: every host is asked who it is (as `mongod`'s `_isSelf`), so that a member
//! may be known to the others by a proxy's or a translated address.

use std::time::Duration;

use bson::oid::ObjectId;
use bson::{Document, RawDocumentBuf, doc};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::wire::{FrameBuffer, encode_message};

/// How long one host may take to say who it is.
pub const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// Where the body of an `OP_MSG` reply begins: header 16, flags 4, section kind 1.
const REPLY_BODY_AT: usize = 21;

/// What a host says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// This life of its process.
    pub process_id: ObjectId,
    /// It has a configuration already.
    pub has_config: bool,
    /// It has data already.
    pub has_data: bool,
    /// The name it was started with.
    pub set_name: String,
}

/// Asks `host` who it is.
///
/// # Errors
/// In words, naming the host.
pub async fn identify(host: &str) -> Result<Identity, String> {
    let asked = tokio::time::timeout(PROBE_TIMEOUT, ask(host)).await;
    match asked {
        Err(_) => Err(format!(
            "{host} did not answer within {} s",
            PROBE_TIMEOUT.as_secs()
        )),
        Ok(Err(error)) => Err(format!("{host}: {error}")),
        Ok(Ok(identity)) => Ok(identity),
    }
}

async fn ask(host: &str) -> anyhow::Result<Identity> {
    let mut socket = TcpStream::connect(host).await?;
    socket.set_nodelay(true)?;
    let request = RawDocumentBuf::try_from(&doc! { "_isSelf": 1, "$db": "admin" })?;
    let mut bytes = Vec::new();
    encode_message(&mut bytes, 1, 0, &request, false);
    socket.write_all(&bytes).await?;
    let mut frames = FrameBuffer::new();
    let mut chunk = [0_u8; 4096];
    loop {
        if let Some(frame) = frames.next_frame()? {
            // Header, flags, kind 0, one document.
            let body = frame.get(REPLY_BODY_AT..).unwrap_or_default();
            let reply = Document::from_reader(body)?;
            return Ok(Identity {
                process_id: reply.get_object_id("id")?,
                has_config: reply.get_bool("hasConfig").unwrap_or(true),
                has_data: reply.get_bool("hasData").unwrap_or(true),
                set_name: reply.get_str("setName").unwrap_or_default().to_owned(),
            });
        }
        let read = socket.read(&mut chunk).await?;
        anyhow::ensure!(read > 0, "the connection was closed");
        frames.push(&chunk[..read]);
    }
}
