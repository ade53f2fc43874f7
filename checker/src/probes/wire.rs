//! One command over a connection of its own, every byte as the probe wants it: a driver would add sessions and times, and
//! hide what it does not expect.

use std::{net::SocketAddr, time::Duration};

use bson::Document;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

const OP_MSG: i32 = 2013;
/// Length, request id, response to, kind of message.
const HEADER_BYTES: usize = 16;
/// Flags, and the kind of the one section.
const PREFIX_BYTES: usize = 5;
/// No answer is longer.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// The answer, or nothing when it does not come in time.
pub(super) async fn ask(
    to: SocketAddr,
    database: &str,
    command: &Document,
    patience: Duration,
) -> Option<Document> {
    timeout(patience, exchange(to, database, command)).await.ok()?
}

async fn exchange(to: SocketAddr, database: &str, command: &Document) -> Option<Document> {
    let mut command = command.clone();
    command.insert("$db", database);
    let mut body = Vec::new();
    command.to_writer(&mut body).ok()?;
    let length = i32::try_from(HEADER_BYTES + PREFIX_BYTES + body.len()).ok()?;
    let mut message = Vec::new();
    for word in [length, 1, 0, OP_MSG, 0] {
        message.extend_from_slice(&word.to_le_bytes());
    }
    message.push(0);
    message.extend_from_slice(&body);
    let mut socket = TcpStream::connect(to).await.ok()?;
    socket.write_all(&message).await.ok()?;
    let length = usize::try_from(socket.read_i32_le().await.ok()?).ok()?;
    let rest = length
        .checked_sub(size_of::<i32>())
        .filter(|rest| *rest <= ANSWER_BYTES_MAX)?;
    let mut answer = vec![0; rest];
    socket.read_exact(&mut answer).await.ok()?;
    let document = answer.get(HEADER_BYTES - size_of::<i32>() + PREFIX_BYTES..)?;
    Document::from_reader(document).ok()
}
