//! What is done to the links between clients and members.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One disturbance of a client's link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "kebab-case")]
pub enum ClientDeed {
    /// Nothing passes; what was under way is lost with its connection at the end.
    Cut,
    /// Everything waits, and comes late and in order at the end: writes of which the client has long given up hope.
    Jam,
    /// Everything comes later.
    Slow {
        /// By so much,
        delay_ms: u64,
        /// and up to so much more.
        jitter_ms: u64,
    },
    /// Open connections are reset once.
    Reset,
}

/// Which way of a client's link is disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientWay {
    /// Requests.
    ToMembers,
    /// Answers: the deed is done, and the client does not learn it.
    FromMembers,
    /// Both.
    Both,
}

impl fmt::Display for ClientDeed {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientDeed::Cut => write!(to, "are lost"),
            ClientDeed::Jam => write!(to, "are held back"),
            ClientDeed::Slow { delay_ms, jitter_ms } => {
                write!(to, "take {delay_ms} ms and up to {jitter_ms} ms longer")
            }
            ClientDeed::Reset => write!(to, "end with a reset of their connections"),
        }
    }
}

impl ClientWay {
    /// What is disturbed, in words.
    pub fn word(self) -> &'static str {
        match self {
            ClientWay::ToMembers => "clients' requests to",
            ClientWay::FromMembers => "answers to clients of",
            ClientWay::Both => "clients' requests to and answers of",
        }
    }
}
