//! What the planted bugs S10, S11 and S12 leave behind in a rollback.

use std::sync::Arc;

use protocol::optime::OpTime;

use super::event_loop::Server;
use super::{entry, session_table};
use crate::bugs::{
    is_planted, leaves_a_document_behind_in_rollback, rollback_misses_index_or_ddl, rollback_misses_sessions,
};
use crate::storage::entry::{OpKind, OplogEntry};

impl Server {
    /// Lets some of what was just taken back happen again.
    pub(super) fn leave_behind(&mut self, removed: &[(OpTime, Arc<[u8]>)]) -> Result<(), String> {
        if is_planted(&leaves_a_document_behind_in_rollback::BUG)
            && let Some((optime, document)) = removed.first()
        {
            entry::apply(&mut self.store, *optime, document).map_err(|error| error.to_string())?;
        }
        for (optime, document) in removed {
            let entry = OplogEntry::parse(document).map_err(|error| error.to_string())?;
            if is_planted(&rollback_misses_index_or_ddl::BUG) && entry.op == OpKind::Command {
                // The index of a collection that is gone has nowhere to stay.
                let _ = entry::apply(&mut self.store, *optime, document);
            }
            if let Some(session) = entry.session
                && is_planted(&rollback_misses_sessions::BUG)
            {
                let result = entry.object2.and_then(|object2| object2.get_document("r").ok());
                let changes = session_table::changes(&self.store, *optime, session, result);
                let changes = changes.map_err(|error| error.to_string())?;
                let applied = self.store.apply(*optime, &changes);
                applied.map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }
}
