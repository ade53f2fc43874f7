//! What a member is in that does not hold the set's data, or has lost its memory (R-98…R-101): data only.
//!
//! ```text
//!   Marking ─▶ Waiting ─▶ Cloning ─▶ Fetching ─▶ Applying ─▶ Settling ─▶ Finishing ─▶ (done)
//!   durable    source     data at     oplog up    shell       vouchers    durable
//!   flag       and begin  its commit  to the      replays     heard,      flag
//!              point      points      stop        begin…stop  caught up   cleared
//! ```

use serde::{Deserialize, Serialize};

use crate::config::MemberSet;
use crate::optime::OpTime;

/// The durable flag: while it stands, this member is counted in no quorum and serves no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Unsynced {
    /// What it may have acknowledged before: it must hold the set's data at least that far before it counts again.
    pub target: OpTime,
    /// Its vote and its acknowledgements are lost: its data directory was emptied, or is another's copy.
    pub forgot: bool,
    /// Its data are whole; otherwise they are to be thrown away.
    pub whole: bool,
}

/// A sync under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct InitialSync {
    /// The newest entry that it may have acknowledged, as far as it knows itself.
    pub target: OpTime,
    /// It must hear from every other voter what it may have forgotten.
    pub forgot: bool,
    /// Voters that have vouched in this sync, by position in the configuration.
    pub heard: MemberSet,
    /// The newest entry that any of them has.
    pub vouched: OpTime,
    /// How far it is.
    pub stage: SyncStage,
    /// Attempts that failed in this life.
    pub failed: u8,
}

/// How far a sync is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SyncStage {
    /// The flag is on its way to disk.
    Marking,
    /// Looks for a source that says where to begin.
    Waiting,
    /// Copies the data, a page at a time; the oplog after `begin` is fetched meanwhile.
    Cloning {
        /// The source's commit point when the clone began. Each page is read at this point or later, and at a commit
        /// point: so nothing that is cloned is ever taken back.
        begin: OpTime,
        /// Number of the page that is asked for.
        number: u32,
        /// Where it begins; opaque here.
        cursor: Vec<u8>,
        /// The newest point at which a page was read.
        read: OpTime,
    },
    /// All pages are there; the oplog does not go through this entry yet, or not durably.
    Fetching(OpTime),
    /// The shell applies the oplog to the clone: only from this entry on it is the data of one moment.
    Applying(OpTime),
    /// The data are whole; waits for those who know what it may have forgotten.
    Settling,
    /// The flag is being cleared.
    Finishing,
}

impl InitialSync {
    /// A sync as it begins in one life of the member.
    #[must_use]
    pub fn new(flag: Unsynced, stage: SyncStage) -> Self {
        Self {
            target: flag.target,
            forgot: flag.forgot,
            heard: MemberSet::EMPTY,
            vouched: OpTime::NULL,
            stage,
            failed: 0,
        }
    }

    /// What it threw away, as it says when it asks the others; null: it does not know.
    #[must_use]
    pub fn had(&self) -> OpTime {
        if self.forgot { OpTime::NULL } else { self.target }
    }

    /// Must it, or may it, hear from the others what they have?
    #[must_use]
    pub fn asks(&self) -> bool {
        self.forgot || self.stage == SyncStage::Settling
    }

    /// Does it need a source that says where to begin?
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.stage, SyncStage::Marking | SyncStage::Waiting)
    }

    /// Are its data not those of one moment?
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !matches!(self.stage, SyncStage::Settling | SyncStage::Finishing)
    }
}
