//! How two members prove to each other that they hold the same key, at the begin of each connection between them.
//!
//! The one that connects sends a nonce; the other answers with its own nonce and with proof that it holds the key; the
//! first then proves the same. Each proof is keyed over both nonces, the set's name and the role of its maker: nothing of
//! it can be used again, on another connection, in another set, or in the other direction.

use subtle::ConstantTimeEq as _;

use super::key_file::Key;
use super::scram::{Hash, sign};

/// A nonce of one side.
pub type Nonce = [u8; 32];

/// Whose proof it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The member that connected.
    Caller,
    /// The member that was called.
    Called,
}

/// What both sides know of one connection.
#[derive(Clone, Copy, Debug)]
pub struct Greeting<'a> {
    /// Name of the set.
    pub set: &'a str,
    /// The caller's nonce.
    pub caller: &'a Nonce,
    /// The called one's nonce.
    pub called: &'a Nonce,
}

impl Greeting<'_> {
    /// A side's proof that it holds the key.
    #[must_use]
    pub fn proof(&self, key: &Key, side: Side) -> Hash {
        let label: &[u8] = match side {
            Side::Caller => b"replica set member, caller\0",
            Side::Called => b"replica set member, called\0",
        };
        // The nonces have one length, so that no two greetings give one message.
        let message = [label, self.caller, self.called, self.set.as_bytes()].concat();
        sign(key.bytes(), &message)
    }

    /// Does this proof fit?
    #[must_use]
    pub fn accepts(&self, key: &Key, side: Side, proof: &[u8]) -> bool {
        self.proof(key, side).ct_eq(proof).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_of_one_key_one_side_one_greeting() {
        let (key, other) = (Key::from(&b"secret"[..]), Key::from(&b"secreT"[..]));
        let greeting = Greeting {
            set: "rs0",
            caller: &[1; 32],
            called: &[2; 32],
        };
        let proof = greeting.proof(&key, Side::Caller);
        assert!(greeting.accepts(&key, Side::Caller, &proof));
        assert!(!greeting.accepts(&other, Side::Caller, &proof));
        // Nobody gets in by sending the other's proof back.
        assert!(!greeting.accepts(&key, Side::Called, &proof));
        let changed = [
            Greeting {
                set: "rs1",
                ..greeting
            },
            Greeting {
                caller: &[3; 32],
                ..greeting
            },
            Greeting {
                called: &[3; 32],
                ..greeting
            },
        ];
        for other in changed {
            assert!(!other.accepts(&key, Side::Caller, &proof), "{other:?}");
        }
        assert!(!greeting.accepts(&key, Side::Caller, &proof[..31]));
        assert!(!greeting.accepts(&key, Side::Caller, &[]));
    }
}
