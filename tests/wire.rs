//! Just enough of the wire protocol to ask one thing without a driver.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use bson::{Document, doc};

const OP_MSG: i32 = 2013;
const TIMEOUT: Duration = Duration::from_secs(10);

/// One command and its reply; `None` when nobody answers.
#[must_use]
pub fn ask(port: u16, database: &str, command: &Document) -> Option<Document> {
    Asked::send(port, database, command)?.reply()
}

/// A command that was sent over a connection of its own.
pub struct Asked(TcpStream);

impl Asked {
    /// Sends it; `None` when nobody listens. A stopped process listens, too.
    #[must_use]
    pub fn send(port: u16, database: &str, command: &Document) -> Option<Self> {
        let mut command = command.clone();
        command.extend(doc! { "$db": database });
        let mut body = Vec::new();
        command.to_writer(&mut body).ok()?;
        let length = i32::try_from(16 + 4 + 1 + body.len()).ok()?;
        let mut message = Vec::new();
        for word in [length, 1, 0, OP_MSG, 0] {
            message.extend_from_slice(&word.to_le_bytes());
        }
        message.push(0);
        message.extend_from_slice(&body);
        let mut socket = connect(port)?;
        // A server that refuses may close before it has read everything.
        let _ = socket.write_all(&message);
        Some(Self(socket))
    }

    /// Waits for the reply; `None` when none comes.
    #[must_use]
    pub fn reply(mut self) -> Option<Document> {
        Document::from_reader(read_message(&mut self.0).get(21..)?).ok()
    }
}

/// Sends bytes as they are and gives back one whole message, or whatever came before the connection was closed.
#[must_use]
pub fn send_bytes(port: u16, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut socket = connect(port)?;
    let _ = socket.write_all(bytes);
    Some(read_message(&mut socket))
}

fn connect(port: u16) -> Option<TcpStream> {
    let socket = TcpStream::connect(("127.0.0.1", port)).ok()?;
    socket.set_read_timeout(Some(TIMEOUT)).ok()?;
    Some(socket)
}

fn read_message(socket: &mut TcpStream) -> Vec<u8> {
    let mut reply = Vec::new();
    let mut chunk = [0_u8; 65536];
    loop {
        let whole = reply
            .get(..4)
            .map(|head| i32::from_le_bytes([head[0], head[1], head[2], head[3]]));
        if whole.is_some_and(|whole| usize::try_from(whole).is_ok_and(|whole| reply.len() >= whole)) {
            return reply;
        }
        match socket.read(&mut chunk) {
            Ok(0) | Err(_) => return reply,
            Ok(count) => reply.extend_from_slice(&chunk[..count]),
        }
    }
}
