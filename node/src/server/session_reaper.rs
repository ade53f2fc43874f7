//! What retryable writes leave behind goes once their sessions are long over (MongoDB's transaction reaper): the primary
//! deletes the records, through the oplog, as it wrote them.

use std::time::{Duration, Instant};

use bson::{RawBsonRef, RawDocument, rawdoc};

use super::event_loop::{Server, wall_secs};
use super::session_table::SESSIONS;
use crate::commands::{CommandError, SESSION_IDLE_MAX, WriteOp, session_key};
use crate::storage::store::{KeyRange, PageLimit, ReadAt};

/// How often a part of the records is looked at.
const REAP_EVERY: Duration = Duration::from_secs(10);
/// Records looked at each time; as many as that are deleted at once at most.
const REAP_PAGE: PageLimit = PageLimit {
    rows: 500,
    bytes: 4 << 20,
};

/// How far the look has come.
#[derive(Debug, Default)]
pub(super) struct Reaper {
    looked: Option<Instant>,
    rest: Option<KeyRange>,
}

impl Server {
    /// Deletes the records of some sessions that were not used for as long as a session lives.
    pub(super) fn reap_sessions(&mut self, now: Instant) {
        let looked = *self.reaper.looked.get_or_insert(now);
        if now.saturating_duration_since(looked) < REAP_EVERY {
            return;
        }
        self.reaper.looked = Some(now);
        if !self.state.is_writable() {
            return;
        }
        if let Err(error) = self.reap_page() {
            tracing::debug!(%error, "records of old sessions stay for now");
        }
    }

    fn reap_page(&mut self) -> Result<(), CommandError> {
        let range = self.reaper.rest.take().unwrap_or_else(KeyRange::all);
        let page = self.store.page(SESSIONS, &range, ReadAt::Latest, REAP_PAGE)?;
        if let Some((last, _)) = page.documents.last()
            && !page.is_last
        {
            self.reaper.rest = Some(range.resumed_after(last));
        }
        let idle_secs = u32::try_from(SESSION_IDLE_MAX.as_secs()).unwrap_or(u32::MAX);
        let before = wall_secs().saturating_sub(idle_secs);
        let mut writes = Vec::new();
        for (_, record) in &page.documents {
            let Ok(record) = RawDocument::from_bytes(record) else {
                continue;
            };
            let Ok(Some(RawBsonRef::Document(id))) = record.get("_id") else {
                continue;
            };
            if is_older(record, before) && !self.sessions.contains(&session_key(id)) {
                writes.push(WriteOp::Delete {
                    ns: SESSIONS.to_owned(),
                    id: rawdoc! { "_id": id.to_owned() },
                });
            }
        }
        self.write_alone(writes)
    }
}

fn is_older(record: &RawDocument, before_secs: u32) -> bool {
    let written = record.get_document("lastWriteOpTime");
    let written = written.and_then(|optime| optime.get_timestamp("ts"));
    written.is_ok_and(|ts| ts.time < before_secs)
}
