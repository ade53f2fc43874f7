//! One client connection: frames in, one request at a time to the event loop, replies out.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bson::RawDocumentBuf;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use super::event::{ConnectionId, Event};
use crate::auth::key_file::Key;
use crate::error_code::ErrorCode;
use crate::peers::{Called, GREET, PEER_COMMAND, PING, PROVE, decode};
use crate::wire::{FrameBuffer, Request, RequestKind, WireError, encode_reply, parse_request};

/// How much is read from a socket at once.
const READ_BYTES: usize = 64 * 1024;
/// How often a stranger's messages are told at most.
const STRANGER_EVERY: Duration = Duration::from_secs(1);
/// Pause between two unasked replies of a streaming `hello`, so that a client that never reads costs nothing.
const STREAM_PAUSE: Duration = Duration::from_millis(1);

/// What every connection needs.
pub struct Shared {
    /// The event loop.
    pub events: mpsc::UnboundedSender<Event>,
    /// Name of the set.
    pub set_name: String,
    /// What members prove to each other that they hold, if anything.
    pub key: Option<Key>,
    /// Connections at once at most.
    pub connections_max: usize,
    /// Connections now.
    pub connections: Cell<usize>,
    /// When a stranger's message was last told in the log, by what was wrong with it: of two strangers at once each is told.
    pub strangers: RefCell<BTreeMap<String, Instant>>,
}

/// Serves one connection until its end. Errors end this connection only.
pub async fn serve(mut socket: TcpStream, connection: ConnectionId, shared: Rc<Shared>) {
    if shared.connections.get() >= shared.connections_max {
        // As mongod: whoever comes too late is not let in at all, those that are in keep their places.
        tracing::warn!(
            connection = connection.0,
            max = shared.connections_max,
            "connection refused because there are too many open connections (--maxConns)"
        );
        return;
    }
    shared.connections.set(shared.connections.get() + 1);
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(connection = connection.0, %error, "no TCP_NODELAY");
    }
    let is_local = socket.peer_addr().is_ok_and(|address| address.ip().is_loopback());
    let _ = shared.events.send(Event::Opened { connection, is_local });
    if let Err(error) = run(&mut socket, connection, &shared).await {
        tracing::debug!(connection = connection.0, %error, "connection ended");
    }
    shared.connections.set(shared.connections.get() - 1);
    let _ = shared.events.send(Event::Closed(connection));
}

#[derive(Debug, thiserror::Error)]
enum ConnectionError {
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error("the member is stopping")]
    Stopping,
    #[error("no member: {0}")]
    Stranger(String),
}

async fn run(
    socket: &mut TcpStream,
    connection: ConnectionId,
    shared: &Shared,
) -> Result<(), ConnectionError> {
    let mut frames = FrameBuffer::new();
    let mut out = Vec::new();
    let mut reply_id = 0;
    let mut called = Called::default();
    loop {
        loop {
            let request = match frames.next_frame() {
                Ok(Some(frame)) => parse_request(frame),
                Ok(None) => break,
                Err(error) => Err(error),
            };
            match request {
                Ok(request) if request.name == PEER_COMMAND => {
                    if shared.key.is_some() && !called.is_member() {
                        return Err(stranger(
                            socket,
                            shared,
                            "a message without a greeting; is --keyFile missing there?",
                        ));
                    }
                    hear_member(request, shared);
                }
                Ok(request) if request.name == GREET || request.name == PROVE => {
                    reply_id += 1;
                    greeted(socket, &request, &mut called, shared, reply_id).await?;
                }
                Ok(request) if request.name == PING => {
                    reply_id += 1;
                    out.clear();
                    let heard = bson::rawdoc! { "ok": 1.0 };
                    encode_reply(&mut out, request.kind, reply_id, request.id, &heard, false);
                    socket.write_all(&out).await?;
                }
                Ok(request) => {
                    reply_id += 1;
                    answer(socket, request, connection, shared, reply_id, &mut out).await?;
                }
                Err(error) => {
                    // The stream has no frame any more: say why, then close.
                    tracing::warn!(connection = connection.0, %error, "message refused");
                    refuse(socket, &error).await?;
                    return Err(error.into());
                }
            }
        }
        let space = frames.space();
        space.reserve(READ_BYTES);
        if socket.read_buf(space).await? == 0 {
            return Ok(());
        }
    }
}

fn hear_member(request: Request, shared: &Shared) {
    match decode(request, &shared.set_name) {
        Ok(parcel) => {
            let _ = shared.events.send(Event::Peer(parcel));
        }
        Err(error) => tracing::warn!(%error, "message from a member refused"),
    }
}

/// Answers another member's greeting.
async fn greeted(
    socket: &mut TcpStream,
    request: &Request,
    called: &mut Called,
    shared: &Shared,
    reply_id: i32,
) -> Result<(), ConnectionError> {
    let answer = called.hear(request, shared.key.as_ref(), &shared.set_name);
    let body = match &answer {
        Ok(body) => body.clone(),
        Err(why) => bson::rawdoc! {
            "ok": 0.0, "errmsg": why.as_str(), "code": 18, "codeName": "AuthenticationFailed",
        },
    };
    let mut out = Vec::new();
    encode_reply(&mut out, request.kind, reply_id, request.id, &body, false);
    socket.write_all(&out).await?;
    answer.map(drop).map_err(|why| stranger(socket, shared, &why))
}

/// Whoever speaks as a member and is none, told in the log now and then: it may try many times a second.
fn stranger(socket: &TcpStream, shared: &Shared, why: &str) -> ConnectionError {
    let now = Instant::now();
    let mut told = shared.strangers.borrow_mut();
    told.retain(|_, at| now.duration_since(*at) <= STRANGER_EVERY);
    if !told.contains_key(why) {
        told.insert(why.to_owned(), now);
        let from = socket
            .peer_addr()
            .map(|from| from.to_string())
            .unwrap_or_default();
        tracing::warn!(from, "authentication of a member failed: {why}");
    }
    ConnectionError::Stranger(why.to_owned())
}

async fn answer(
    socket: &mut TcpStream,
    request: Request,
    connection: ConnectionId,
    shared: &Shared,
    reply_id: i32,
    out: &mut Vec<u8>,
) -> Result<(), ConnectionError> {
    let (kind, id, silent) = (request.kind, request.id, request.more_to_come);
    let streams = request.exhaust_allowed && is_awaiting_hello(&request);
    let mut request = Some(request);
    let mut response_to = id;
    while let Some(asked) = request.take() {
        let (reply, answer) = oneshot::channel();
        let again = streams.then(|| asked.clone());
        shared
            .events
            .send(Event::Request {
                request: asked,
                connection,
                reply,
            })
            .map_err(|_| ConnectionError::Stopping)?;
        let body = answer.await.map_err(|_| ConnectionError::Stopping)?;
        if silent {
            return Ok(());
        }
        out.clear();
        let failed = body.get_f64("ok").is_ok_and(|ok| ok == 0.0);
        let more = again.is_some() && !failed;
        encode_reply(out, kind, reply_id, response_to, &body, more);
        socket.write_all(out).await?;
        if more {
            // A streaming hello: the next reply answers this one, and waits for the next change.
            tokio::time::sleep(STREAM_PAUSE).await;
            response_to = reply_id;
            request = again.map(|asked| waiting_for_next(asked, &body));
        }
    }
    Ok(())
}

fn is_awaiting_hello(request: &Request) -> bool {
    let hello = ["hello", "isMaster", "ismaster"].contains(&request.name.as_str());
    hello
        && request
            .body
            .get("maxAwaitTimeMS")
            .is_ok_and(|value| value.is_some())
}

/// The same hello, waiting for a change after the one just told.
fn waiting_for_next(mut request: Request, told: &RawDocumentBuf) -> Request {
    let Ok(mut body) = bson::Document::try_from(&*request.body) else {
        return request;
    };
    if let Ok(Some(bson::raw::RawBsonRef::Document(topology))) = told.get("topologyVersion")
        && let Ok(topology) = bson::Document::try_from(topology)
    {
        body.insert("topologyVersion", topology);
    }
    if let Ok(body) = RawDocumentBuf::try_from(&body) {
        request.body = body.into();
    }
    request
}

async fn refuse(socket: &mut TcpStream, error: &WireError) -> std::io::Result<()> {
    let code = error
        .answer_code()
        .unwrap_or(ErrorCode::from_name("ProtocolError").unwrap_or(ErrorCode(17)));
    let body = bson::rawdoc! {
        "ok": 0.0, "errmsg": error.to_string(), "code": code.number(), "codeName": code.name().as_ref(),
    };
    let mut out = Vec::new();
    encode_reply(&mut out, RequestKind::Msg, 0, 0, &body, false);
    socket.write_all(&out).await
}
