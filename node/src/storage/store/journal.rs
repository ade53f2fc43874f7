//! What was done above the engine, in order: taken from the front when it is merged into the engine, from the
//! back when it is rolled back.

use std::sync::Arc;

use protocol::optime::OpTime;

use super::catalog::{Collection, TreeId};
use super::counts::Counts;
use super::engine::Room;

/// One step, and when it was done.
#[derive(Clone, Debug)]
pub(super) struct JournalItem {
    pub(super) optime: OpTime,
    pub(super) step: Step,
}

/// What was done.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A key got a version.
    Write {
        room: Room,
        tree: TreeId,
        key: Arc<[u8]>,
        /// The version; `None` says that the key was removed.
        value: Option<Arc<[u8]>>,
        /// What that did to the tree's counters.
        change: Counts,
    },
    /// A name in the catalog got a version.
    Catalog {
        ns: Arc<str>,
        collection: Option<Arc<Collection>>,
    },
    /// No version of the catalog refers to the tree any more from here on.
    DropTree { room: Room, tree: TreeId },
}
