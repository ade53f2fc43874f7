//! `replicas.json`: what each member held after the quiet final phase, and where they differ.

use serde::{Deserialize, Serialize};
use workloads::operation::WriteConcern;

use super::status::OptimeRecord;
use crate::nemesis::fault::Member;

/// The whole of `replicas.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReplicaDiff {
    /// Version of this schema.
    pub schema: u32,
    /// One per member that could be read.
    #[serde(default)]
    pub members: Vec<ReplicaDigest>,
    /// Documents that are not the same everywhere; at most [`ReplicaDiff::LIMIT`] are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Difference>,
    /// Oplog entries that are not the same everywhere, oldest first; at most [`ReplicaDiff::LIMIT`] are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub oplog: Vec<Difference>,
    /// Entries that a member had and took back; at most [`ReplicaDiff::LIMIT`] are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rolled_back: Vec<RolledBackEntry>,
    /// How many of each kind were left out by the limit.
    #[serde(default)]
    pub left_out: u64,
}

impl ReplicaDiff {
    /// How many differences of one kind a record keeps.
    pub const LIMIT: usize = 200;

    /// Whether all members that could be read hold the same.
    pub fn is_equal(&self) -> bool {
        self.documents.is_empty() && self.oplog.is_empty()
    }
}

/// One member's data in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaDigest {
    /// Whose.
    pub member: Member,
    /// Number of documents.
    pub documents: u64,
    /// Number of oplog entries.
    pub oplog_entries: u64,
    /// Newest oplog entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<OptimeRecord>,
    /// Hash of all documents, `algorithm:hex`; equal data has equal hashes.
    #[serde(default)]
    pub hash: String,
}

/// One place where members differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Where: namespace and `_id`, or the entry's OpTime.
    pub place: String,
    /// What each member holds there, as text; `None` when it has nothing.
    pub per_member: Vec<(Member, Option<String>)>,
}

/// One oplog entry that a member had and took back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolledBackEntry {
    /// Who took it back.
    pub member: Member,
    /// Which entry.
    pub optime: OptimeRecord,
    /// The entry, as text.
    pub entry: String,
    /// The operation that wrote it, where its mark was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<u64>,
    /// The write concern under which the client was told that it is written. `majority` here is a lost write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<WriteConcern>,
}
