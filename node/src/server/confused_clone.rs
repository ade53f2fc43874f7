//! What the planted bugs N01, N03 and N04 do to a copy of the data.

use std::sync::Arc;

use protocol::input::Input;
use protocol::optime::OpTime;

use super::entry::ApplyError;
use super::event_loop::Server;
use crate::bugs::{duplicate_docs, fetch_starts_after_clone, is_planted, secondary_before_stop_timestamp};
use crate::storage::change::Change;
use crate::storage::entry::{OpKind, OplogEntry};
use crate::storage::store::{ReadAt, Store};

/// Entries applied in a turn by a member that serves reads meanwhile.
const LEISURELY: usize = 1;
/// How long it takes its time for them.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(4);

/// What an entry of the time of the clone does to the copy.
pub(super) fn changes(
    store: &Store,
    entry: &[u8],
    mut changes: Vec<Change>,
) -> Result<Vec<Change>, ApplyError> {
    if is_planted(&fetch_starts_after_clone::BUG) {
        return Ok(Vec::new());
    }
    if is_planted(&duplicate_docs::BUG) && OplogEntry::parse(entry)?.op == OpKind::Insert {
        for change in &mut changes {
            if let Change::Put { ns, id_key, .. } | Change::Insert { ns, id_key, .. } = change
                && store.get(ns, id_key, ReadAt::Latest)?.is_some()
            {
                // Beside the one that is there.
                id_key.push(u8::MAX);
            }
        }
    }
    Ok(changes)
}

impl Server {
    /// With the bug N04 the copy counts as whole when its last page is there; the rest is applied at leisure.
    pub(super) fn serve_too_early(
        &mut self,
        mut entries: Vec<(OpTime, Arc<[u8]>)>,
    ) -> Vec<(OpTime, Arc<[u8]>)> {
        if is_planted(&secondary_before_stop_timestamp::BUG) {
            if self.state.initial_sync.is_some() {
                self.feed(&Input::CloneApplied);
            }
            entries.truncate(LEISURELY);
            std::thread::sleep(PAUSE);
        }
        entries
    }
}
