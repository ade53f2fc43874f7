//! The greeting of two members that share a key, as wire commands: `{_replSetGreet: 1, nonce}`, answered by
//! `{nonce, proof}`; `{_replSetProve: 1, proof}`, answered by `{ok: 1}`. See `auth::member`.

use std::time::Duration;

use bson::spec::BinarySubtype;
use bson::{Binary, Document, RawDocumentBuf, doc, rawdoc};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::auth::key_file::Key;
use crate::auth::member::{Greeting, Nonce, Side};
use crate::auth::random;
use crate::wire::{FrameBuffer, Request, encode_message};

/// The caller's first command.
pub const GREET: &str = "_replSetGreet";
/// The caller's second.
pub const PROVE: &str = "_replSetProve";
/// How long a greeting may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Where the body of an `OP_MSG` reply begins: header 16, flags 4, section kind 1.
const REPLY_BODY_AT: usize = 21;

/// Why two members do not talk.
#[derive(Debug, thiserror::Error)]
pub enum GreetingError {
    /// The other side has another key, or none.
    #[error("{0}")]
    Refused(String),
    /// The connection broke.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It answers with what is no message.
    #[error(transparent)]
    Wire(#[from] crate::wire::WireError),
}

/// The called side of one connection.
#[derive(Debug, Default)]
pub struct Called {
    asked: Option<(Nonce, Nonce)>,
    is_member: bool,
}

impl Called {
    /// Has the caller proven that it is a member?
    #[must_use]
    pub fn is_member(&self) -> bool {
        self.is_member
    }

    /// Answers a command of the caller's greeting. The error is for the log; the caller gets it too.
    ///
    /// # Errors
    /// In words, when the caller is no member; the connection is of no use then.
    pub fn hear(
        &mut self,
        request: &Request,
        key: Option<&Key>,
        set: &str,
    ) -> Result<RawDocumentBuf, String> {
        let key = key.ok_or("this member was started without --keyFile")?;
        if request.name == GREET {
            let caller: Nonce = bytes_of(&request.body, "nonce").ok_or("a greeting without a nonce")?;
            let called: Nonce = random::bytes()?;
            self.asked = Some((caller, called));
            let greeting = Greeting {
                set,
                caller: &caller,
                called: &called,
            };
            let proof = greeting.proof(key, Side::Called);
            return Ok(rawdoc! { "nonce": binary(&called), "proof": binary(&proof), "ok": 1.0 });
        }
        let (caller, called) = self.asked.take().ok_or("a proof without a greeting")?;
        let greeting = Greeting {
            set,
            caller: &caller,
            called: &called,
        };
        let proof: [u8; 32] = bytes_of(&request.body, "proof").ok_or("a proof that is none")?;
        if !greeting.accepts(key, Side::Caller, &proof) {
            return Err("it has another key in its --keyFile, or is of another set".to_owned());
        }
        self.is_member = true;
        Ok(rawdoc! { "ok": 1.0 })
    }
}

/// The caller's side, on a new connection.
///
/// # Errors
/// When the other side does not hold the key, does not accept ours, or does not answer.
pub async fn greet(socket: &mut TcpStream, key: &Key, set: &str) -> Result<(), GreetingError> {
    let greeted = tokio::time::timeout(TIMEOUT, exchange(socket, key, set)).await;
    greeted.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
}

async fn exchange(socket: &mut TcpStream, key: &Key, set: &str) -> Result<(), GreetingError> {
    let refused = |why: &str| GreetingError::Refused(why.to_owned());
    let caller: Nonce = random::bytes().map_err(GreetingError::Refused)?;
    let reply = ask(
        socket,
        &rawdoc! { "_replSetGreet": 1, "nonce": binary(&caller), "$db": "admin" },
    )
    .await?;
    let answer = RawDocumentBuf::try_from(&reply).map_err(|_| refused("its answer can't be read"))?;
    let (Some(called), Some(proof)) = (bytes_of(&answer, "nonce"), bytes_of::<32>(&answer, "proof")) else {
        let said = reply.get_str("errmsg").unwrap_or("it does not know the greeting");
        return Err(GreetingError::Refused(said.to_owned()));
    };
    let greeting = Greeting {
        set,
        caller: &caller,
        called: &called,
    };
    if !greeting.accepts(key, Side::Called, &proof) {
        return Err(refused(
            "it has another key in its --keyFile, or is of another set",
        ));
    }
    let proof = greeting.proof(key, Side::Caller);
    let reply = ask(
        socket,
        &rawdoc! { "_replSetProve": 1, "proof": binary(&proof), "$db": "admin" },
    )
    .await?;
    match reply.get_f64("ok") {
        Ok(1.0) => Ok(()),
        _ => Err(refused(reply.get_str("errmsg").unwrap_or("it refuses our proof"))),
    }
}

async fn ask(socket: &mut TcpStream, command: &RawDocumentBuf) -> Result<Document, GreetingError> {
    let mut bytes = Vec::new();
    encode_message(&mut bytes, 1, 0, command, false);
    socket.write_all(&bytes).await?;
    let mut frames = FrameBuffer::new();
    let mut chunk = [0_u8; 1024];
    loop {
        if let Some(frame) = frames.next_frame()? {
            let body = frame.get(REPLY_BODY_AT..).unwrap_or_default();
            return Ok(Document::from_reader(body).unwrap_or_else(|_| doc! {}));
        }
        match socket.read(&mut chunk).await? {
            0 => return Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset).into()),
            count => frames.push(&chunk[..count]),
        }
    }
}

fn bytes_of<const COUNT: usize>(body: &bson::RawDocument, key: &str) -> Option<[u8; COUNT]> {
    body.get_binary(key).ok()?.bytes.try_into().ok()
}

fn binary(bytes: &[u8]) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes: bytes.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::parse_request;

    #[test]
    fn whoever_holds_the_key_is_a_member_and_nobody_else() {
        let (key, other) = (Key::from(&b"secret"[..]), Key::from(&b"public"[..]));
        for (ours, theirs, is_member) in [(&key, &key, true), (&other, &key, false), (&key, &other, false)] {
            let mut called = Called::default();
            let caller = [4; 32];
            let answer = called
                .hear(
                    &request(rawdoc! { "_replSetGreet": 1, "nonce": binary(&caller) }),
                    Some(theirs),
                    "rs0",
                )
                .unwrap();
            let nonce: Nonce = bytes_of(&answer, "nonce").unwrap();
            let greeting = Greeting {
                set: "rs0",
                caller: &caller,
                called: &nonce,
            };
            let proof = greeting.proof(ours, Side::Caller);
            let proven = called.hear(
                &request(rawdoc! { "_replSetProve": 1, "proof": binary(&proof) }),
                Some(theirs),
                "rs0",
            );
            assert_eq!(proven.is_ok(), is_member, "{proven:?}");
            assert_eq!(called.is_member(), is_member);
            // A proof is good once.
            let again = called.hear(
                &request(rawdoc! { "_replSetProve": 1, "proof": binary(&proof) }),
                Some(theirs),
                "rs0",
            );
            assert!(again.is_err());
        }
    }

    #[test]
    fn garbage_and_a_member_without_a_key_are_errors() {
        let key = Key::from(&b"secret"[..]);
        let greeting = request(rawdoc! { "_replSetGreet": 1, "nonce": binary(&[4; 32]) });
        assert!(Called::default().hear(&greeting, None, "rs0").is_err());
        for body in [
            rawdoc! { "_replSetGreet": 1 },
            rawdoc! { "_replSetGreet": 1, "nonce": binary(&[4; 31]) },
            rawdoc! { "_replSetProve": 1, "proof": binary(&[4; 32]) },
        ] {
            assert!(Called::default().hear(&request(body), Some(&key), "rs0").is_err());
        }
        let mut called = Called::default();
        called.hear(&greeting, Some(&key), "rs0").unwrap();
        let short = request(rawdoc! { "_replSetProve": 1, "proof": binary(&[4; 5]) });
        assert!(called.hear(&short, Some(&key), "rs0").is_err() && !called.is_member());
    }

    fn request(mut body: RawDocumentBuf) -> Request {
        body.append(bson::cstr!("$db"), "admin");
        let mut bytes = Vec::new();
        encode_message(&mut bytes, 1, 0, &body, false);
        parse_request(&bytes).unwrap()
    }
}
