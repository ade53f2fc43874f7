//! The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677): bytes in, bytes out.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// How often a new password is hashed (`scramSHA256IterationCount`).
pub const ITERATIONS: u32 = 15_000;
/// Bytes of a salt.
pub const SALT_BYTES: usize = 28;
/// Random bytes of a server's nonce; in a message they are base64.
pub const NONCE_BYTES: usize = 24;
/// The longest message of a client that is read at all.
pub const MESSAGE_BYTES_MAX: usize = 8 * 1024;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// What is stored of a password: enough to recognize it, too little to pose as its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Random, of this user.
    pub salt: Vec<u8>,
    /// How often the password was hashed.
    pub iterations: u32,
    /// Hash of the client's key.
    pub stored_key: Hash,
    /// The server's key: its signature proves that it knows the user.
    pub server_key: Hash,
}

/// Why a conversation ends without a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScramError {
    /// The message does not follow the grammar.
    #[error("the client's message is malformed: {0}")]
    Malformed(&'static str),
    /// The client insists on what is not offered.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// It is a message of another conversation.
    #[error("the nonce is not the one of this conversation")]
    WrongNonce,
    /// The proof is wrong: so is the password.
    #[error("the proof does not fit the stored key")]
    WrongProof,
    /// A password that no client can send.
    #[error("the password has characters that are not allowed (RFC 4013)")]
    BadPassword,
}

impl Credentials {
    /// Hashes a password. Slow on purpose.
    ///
    /// # Errors
    /// When the password has forbidden characters.
    pub fn derive(password: &str, salt: &[u8], iterations: u32) -> Result<Self, ScramError> {
        let prepared = stringprep::saslprep(password).map_err(|_| ScramError::BadPassword)?;
        let mut salted = [0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(prepared.as_bytes(), salt, iterations, &mut salted);
        Ok(Self {
            salt: salt.to_vec(),
            iterations,
            stored_key: Sha256::digest(sign(&salted, b"Client Key")).into(),
            server_key: sign(&salted, b"Server Key"),
        })
    }
}

/// The first message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFirst {
    /// Who wants in.
    pub user: String,
    header: String,
    bare: String,
    nonce: String,
}

impl ClientFirst {
    /// Reads it.
    ///
    /// # Errors
    /// When it is malformed, wants a channel binding, or wants to act as somebody else.
    pub fn parse(message: &[u8]) -> Result<Self, ScramError> {
        let text = text(message)?;
        let mut parts = text.splitn(3, ',');
        let (binding, other, bare) = match (parts.next(), parts.next(), parts.next()) {
            (Some(binding), Some(other), Some(bare)) => (binding, other, bare),
            _ => return Err(ScramError::Malformed("three parts are expected")),
        };
        match binding {
            "n" | "y" => {}
            _ if binding.starts_with("p=") => return Err(ScramError::Unsupported("channel binding")),
            _ => return Err(ScramError::Malformed("the header has no channel binding flag")),
        }
        if !other.is_empty() && !other.starts_with("a=") {
            return Err(ScramError::Malformed(
                "the header has no place for an authorization id",
            ));
        }
        let mut attributes = bare.split(',');
        let name = match attributes.next() {
            Some(first) if first.starts_with("m=") => {
                return Err(ScramError::Unsupported("a mandatory extension"));
            }
            first => value_of(first, "n=").ok_or(ScramError::Malformed("no user name"))?,
        };
        let nonce = value_of(attributes.next(), "r=").ok_or(ScramError::Malformed("no nonce"))?;
        if nonce.is_empty() || !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ScramError::Malformed("a nonce is of printable characters"));
        }
        let user = unescaped(name)?.into_owned();
        if let Some(other) = other.strip_prefix("a=")
            && unescaped(other)? != user.as_str()
        {
            return Err(ScramError::Unsupported("acting as another user"));
        }
        let header = text[..text.len() - bare.len()].to_owned();
        Ok(Self {
            user,
            header,
            bare: bare.to_owned(),
            nonce: nonce.to_owned(),
        })
    }

    /// The server's answer, and what it expects then.
    #[must_use]
    pub fn answer(self, credentials: &Credentials, server_nonce: &str) -> (Challenge, String) {
        let nonce = format!("{}{server_nonce}", self.nonce);
        let said = format!(
            "r={nonce},s={},i={}",
            STANDARD.encode(&credentials.salt),
            credentials.iterations
        );
        let challenge = Challenge {
            binding: STANDARD.encode(&self.header),
            so_far: format!("{},{said}", self.bare),
            nonce,
            stored_key: credentials.stored_key,
            server_key: credentials.server_key,
        };
        (challenge, said)
    }
}

/// A conversation whose proof is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    binding: String,
    so_far: String,
    nonce: String,
    stored_key: Hash,
    server_key: Hash,
}

impl Challenge {
    /// Judges the client's proof; the server's own is the answer.
    ///
    /// # Errors
    /// When the message is malformed, of another conversation, or of somebody who does not know the password.
    pub fn finish(&self, message: &[u8]) -> Result<String, ScramError> {
        let text = text(message)?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or(ScramError::Malformed("no proof"))?;
        let mut attributes = without_proof.split(',');
        let binding = value_of(attributes.next(), "c=").ok_or(ScramError::Malformed("no channel binding"))?;
        let nonce = value_of(attributes.next(), "r=").ok_or(ScramError::Malformed("no nonce"))?;
        if binding != self.binding {
            return Err(ScramError::Malformed(
                "the header is not the one of the first message",
            ));
        }
        if nonce != self.nonce {
            return Err(ScramError::WrongNonce);
        }
        let proof: Hash = STANDARD
            .decode(proof)
            .ok()
            .and_then(|proof| proof.try_into().ok())
            .ok_or(ScramError::Malformed("the proof is no hash"))?;
        let message = format!("{},{without_proof}", self.so_far);
        let mut client_key = sign(&self.stored_key, message.as_bytes());
        for (byte, proof) in client_key.iter_mut().zip(proof) {
            *byte ^= proof;
        }
        let recovered: Hash = Sha256::digest(client_key).into();
        if !bool::from(recovered.ct_eq(&self.stored_key)) {
            return Err(ScramError::WrongProof);
        }
        let signature = sign(&self.server_key, message.as_bytes());
        Ok(format!("v={}", STANDARD.encode(signature)))
    }
}

/// HMAC-SHA-256.
#[must_use]
pub fn sign(key: &[u8], message: &[u8]) -> Hash {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn text(message: &[u8]) -> Result<&str, ScramError> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(ScramError::Malformed("it is too long"));
    }
    std::str::from_utf8(message).map_err(|_| ScramError::Malformed("it is no UTF-8"))
}

fn value_of<'a>(attribute: Option<&'a str>, key: &str) -> Option<&'a str> {
    attribute?.strip_prefix(key)
}

/// A name with its commas and equals signs back.
fn unescaped(name: &str) -> Result<Cow<'_, str>, ScramError> {
    if name.is_empty() {
        return Err(ScramError::Malformed("an empty user name"));
    }
    if !name.contains('=') {
        return Ok(Cow::Borrowed(name));
    }
    let known = name.matches("=2C").count() + name.matches("=3D").count();
    if known != name.matches('=').count() {
        return Err(ScramError::Malformed("an equals sign in the user name"));
    }
    Ok(Cow::Owned(name.replace("=2C", ",").replace("=3D", "=")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &[u8] = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const SERVER_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const FINAL: &[u8] = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    /// The example of RFC 7677, section 3.
    #[test]
    fn the_example_of_rfc_7677_comes_out() {
        let first = ClientFirst::parse(FIRST).unwrap();
        assert_eq!(first.user, "user");
        let (challenge, said) = first.answer(&credentials("pencil"), SERVER_NONCE);
        assert_eq!(
            said,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        assert_eq!(
            challenge.finish(FINAL).unwrap(),
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );
    }

    #[test]
    fn another_password_nonce_or_header_is_refused() {
        let begun = |password| {
            let first = ClientFirst::parse(FIRST).unwrap();
            first.answer(&credentials(password), SERVER_NONCE).0
        };
        assert_eq!(begun("pencils").finish(FINAL), Err(ScramError::WrongProof));
        let text = String::from_utf8(FINAL.to_vec()).unwrap();
        let replayed = text.replace("hNlF$k0", "hNlF$k1");
        assert_eq!(
            begun("pencil").finish(replayed.as_bytes()),
            Err(ScramError::WrongNonce)
        );
        let bound = text.replace("biws", "eSws");
        assert!(matches!(
            begun("pencil").finish(bound.as_bytes()),
            Err(ScramError::Malformed(_))
        ));
    }

    #[test]
    fn names_are_unescaped_and_strange_headers_refused() {
        let first = ClientFirst::parse(b"y,,n=a=2Cb=3Dc,r=x").unwrap();
        assert_eq!(first.user, "a,b=c");
        for bad in [
            &b"n,,n=a=b,r=x"[..],
            b"n,,n=,r=x",
            b"n,,n=a,r=",
            b"n,,r=x",
            b"q,,n=a,r=x",
            b"n,n=a,r=x",
            b"\xff\xfe",
            b"",
        ] {
            assert!(
                matches!(ClientFirst::parse(bad), Err(ScramError::Malformed(_))),
                "{bad:?}"
            );
        }
        for unsupported in [
            &b"p=tls-unique,,n=a,r=x"[..],
            b"n,a=other,n=a,r=x",
            b"n,,m=ext,n=a,r=x",
        ] {
            assert!(
                matches!(ClientFirst::parse(unsupported), Err(ScramError::Unsupported(_))),
                "{unsupported:?}"
            );
        }
    }

    /// RFC 4013: a soft hyphen is nothing, a roman numeral is its letters.
    #[test]
    fn passwords_are_prepared() {
        assert_eq!(credentials("I\u{ad}X"), credentials("\u{2168}"));
        assert_eq!(
            Credentials::derive("\u{7}", b"salt", 1),
            Err(ScramError::BadPassword)
        );
    }

    fn credentials(password: &str) -> Credentials {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        Credentials::derive(password, &salt, 4096).unwrap()
    }
}
