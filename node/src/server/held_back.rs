//! The planted bug Q06: of two neighbouring inserts of a fetched batch the first takes effect a moment after the second.

use std::sync::Arc;

use protocol::optime::OpTime;

use super::confirm::Confirmation;
use super::entry;
use super::event_loop::Server;
use crate::storage::entry::{OpKind, OplogEntry};

impl Server {
    /// Appends a fetched batch; the data of its first entry wait for a later turn. The oplog is as it should be.
    pub(super) fn append_mid_batch(
        &mut self,
        entries: &[OpTime],
        documents: &[Arc<[u8]>],
    ) -> Result<(), String> {
        self.give_up_holding_back();
        let holds = self.cloning.is_none()
            && documents.len() > 1
            && documents[..2].iter().all(|entry| is_insert(entry));
        for (place, (optime, document)) in entries.iter().zip(documents).enumerate() {
            if holds && place == 0 {
                self.held_back = Some(Arc::clone(document));
                let logged = self.log.append(*optime, Arc::clone(document));
                logged.map_err(|error| error.to_string())?;
            } else {
                self.append_entry(*optime, Arc::clone(document))?;
            }
        }
        if let Some(last) = entries.last() {
            self.confirmations
                .push(self.log.last_lsn(), Confirmation::Flushed(*last));
        }
        Ok(())
    }

    /// Lets what was held back take effect at last.
    pub(super) fn give_up_holding_back(&mut self) {
        if let Some(document) = self.held_back.take() {
            let now = self.store.last_applied();
            // Its collection may be gone by now.
            let _ = entry::apply(&mut self.store, now, &document);
        }
    }
}

fn is_insert(entry: &[u8]) -> bool {
    OplogEntry::parse(entry).is_ok_and(|entry| entry.op == OpKind::Insert)
}
