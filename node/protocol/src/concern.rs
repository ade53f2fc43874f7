//! What a client asks to be promised.

use serde::{Deserialize, Serialize};

use crate::write_mode::ModeId;

/// How many members must have a write before it is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WriteConcern {
    /// How many.
    pub w: W,
    /// The counted members have flushed it to disk (`j: true`).
    pub journal: bool,
}

/// The `w` of a write concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum W {
    /// This many data-bearing members, the primary among them. 0 asks for nothing.
    Members(u8),
    /// Majority-committed.
    Majority,
    /// What the operator has named so: members with these tags.
    Mode(ModeId),
}

impl WriteConcern {
    /// `{w: 1}`.
    pub const ONE: Self = Self {
        w: W::Members(1),
        journal: false,
    };
    /// `{w: "majority"}`; durable, by `writeConcernMajorityJournalDefault`.
    pub const MAJORITY: Self = Self {
        w: W::Majority,
        journal: true,
    };
}

/// How settled the data of a read must be (§3.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ReadConcern {
    /// Newest local data; may be rolled back.
    Local,
    /// Majority-committed data; never rolled back.
    Majority,
    /// Real-time.
    Linearizable,
}
