//! What retryable writes leave behind goes once their sessions are long over (MongoDB's transaction reaper): the primary
//! deletes the records, through the oplog, as it wrote them.

use std::time::{Duration, Instant};

use bson::{RawBsonRef, RawDocument, rawdoc};

use super::event_loop::{Server, wall_secs};
use super::session_table::SESSIONS;
use crate::commands::{CommandError, SESSION_IDLE_MAX, WriteOp, session_key};
use crate::storage::store::{KeyRange, PageLimit, ReadAt, Store};

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
        if !self.reaper.is_due(now) || !self.state.is_writable() {
            return;
        }
        let sessions = &self.sessions;
        let is_known = |id: &RawDocument| sessions.contains(&session_key(id));
        let writes = self.reaper.look(&self.store, wall_secs(), is_known);
        if let Err(error) = writes.and_then(|writes| self.write_alone(writes)) {
            tracing::debug!(%error, "records of old sessions stay for now");
        }
    }
}

impl Reaper {
    /// Is it time for another look? Then the next one is due as much later.
    fn is_due(&mut self, now: Instant) -> bool {
        let looked = *self.looked.get_or_insert(now);
        let is_due = now.saturating_duration_since(looked) >= REAP_EVERY;
        if is_due {
            self.looked = Some(now);
        }
        is_due
    }

    /// Looks at the next records: what has to be deleted at this time of day. Sessions that the member knows stay.
    fn look(
        &mut self,
        store: &Store,
        wall_secs: u32,
        is_known: impl Fn(&RawDocument) -> bool,
    ) -> Result<Vec<WriteOp>, CommandError> {
        let range = self.rest.take().unwrap_or_else(KeyRange::all);
        let page = store.page(SESSIONS, &range, ReadAt::Latest, REAP_PAGE)?;
        if let Some((last, _)) = page.documents.last()
            && !page.is_last
        {
            self.rest = Some(range.resumed_after(last));
        }
        let idle_secs = u32::try_from(SESSION_IDLE_MAX.as_secs()).unwrap_or(u32::MAX);
        let before = wall_secs.saturating_sub(idle_secs);
        let mut writes = Vec::new();
        for (_, record) in &page.documents {
            let Ok(record) = RawDocument::from_bytes(record) else {
                continue;
            };
            let Ok(Some(RawBsonRef::Document(id))) = record.get("_id") else {
                continue;
            };
            if is_older(record, before) && !is_known(id) {
                writes.push(WriteOp::Delete {
                    ns: SESSIONS.to_owned(),
                    id: rawdoc! { "_id": id.to_owned() },
                });
            }
        }
        Ok(writes)
    }
}

fn is_older(record: &RawDocument, before_secs: u32) -> bool {
    let written = record.get_document("lastWriteOpTime");
    let written = written.and_then(|optime| optime.get_timestamp("ts"));
    written.is_ok_and(|ts| ts.time < before_secs)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::server::session_table;
    use crate::storage::entry::Session;
    use crate::storage::store::MemoryEngine;
    use protocol::optime::OpTime;

    const IDLE_SECS: u32 = 1_800;

    #[test]
    fn a_record_goes_when_its_session_is_over_and_not_a_second_before() {
        let store = store_with(3, |session| 100 + session);
        let look = |wall_secs| looked(&mut Reaper::default(), &store, wall_secs, &[]);
        assert_eq!(look(100 + IDLE_SECS), [] as [i32; 0]);
        assert_eq!(look(101 + IDLE_SECS), [0]);
        assert_eq!(look(103 + IDLE_SECS), [0, 1, 2]);
        // Clocks that go back, or stand before the epoch's first half hour, delete nothing.
        assert_eq!(look(5), [] as [i32; 0]);
    }

    #[test]
    fn a_session_that_is_known_keeps_its_record_however_old() {
        let store = store_with(3, |_| 100);
        let late = 1_000_000;
        assert_eq!(looked(&mut Reaper::default(), &store, late, &[1]), [0, 2]);
    }

    #[test]
    fn many_records_are_looked_at_page_by_page_and_from_the_front_again() {
        let count = i32::try_from(REAP_PAGE.rows).unwrap() + 20;
        let store = store_with(u32::try_from(count).unwrap(), |_| 100);
        let mut reaper = Reaper::default();
        let mut look = || looked(&mut reaper, &store, 1_000_000, &[]);
        let (first, second, again) = (look(), look(), look());
        assert_eq!((first.len(), second.len()), (REAP_PAGE.rows, 20));
        let mut both = [first.clone(), second].concat();
        both.sort_unstable();
        assert_eq!(both, (0..count).collect::<Vec<_>>());
        assert_eq!(again, first);
    }

    #[test]
    fn a_look_is_due_each_ten_seconds() {
        let (mut reaper, start) = (Reaper::default(), Instant::now());
        let mut is_due = |secs| reaper.is_due(start + Duration::from_secs(secs));
        let asked = [0, 9, 10, 11, 19, 20, 60, 61];
        assert_eq!(
            asked.map(&mut is_due),
            [false, false, true, false, false, true, true, false]
        );
    }

    /// The sessions whose records a look deletes.
    fn looked(reaper: &mut Reaper, store: &Store, wall_secs: u32, known: &[i32]) -> Vec<i32> {
        let is_known = |id: &RawDocument| known.contains(&id.get_i32("id").unwrap());
        let writes = reaper.look(store, wall_secs, is_known).unwrap();
        let ids = writes.iter().map(|write| match write {
            WriteOp::Delete { ns, id } if ns == SESSIONS => {
                id.get_document("_id").unwrap().get_i32("id").unwrap()
            }
            other => panic!("{other:?}"),
        });
        ids.collect()
    }

    /// A store in which sessions have written, each at its second.
    fn store_with(sessions: u32, second: impl Fn(u32) -> u32) -> Store {
        let mut store = Store::with_engine(Arc::new(MemoryEngine::default())).unwrap();
        let mut times: Vec<(u32, u32)> = (0..sessions).map(|session| (second(session), session)).collect();
        times.sort_unstable();
        for (secs, session) in times {
            let lsid = rawdoc! { "id": i32::try_from(session).unwrap() };
            let written = Session {
                lsid: lsid.as_bytes(),
                txn_number: 1,
                stmt_id: 0,
            };
            let optime = OpTime::new(1, secs, session + 1);
            let changes = session_table::changes(&store, optime, written, None).unwrap();
            store.apply(optime, &changes).unwrap();
        }
        store
    }
}
