//! Open cursors: what `getMore` goes on with.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bson::{Bson, Document, Timestamp, doc};
use protocol::optime::OpTime;

use super::error::CommandError;
use super::logical_sessions::SessionKey;
use super::running::Running;
use super::scan::Scan;

/// Cursors open at once; opening one more closes the one that was idle longest, whose next batch is then refused (43).
pub const CURSORS_MAX: usize = 10_000;
/// A cursor that nobody asked for this long is closed.
pub const CURSOR_IDLE_MAX: Duration = Duration::from_secs(600);
/// Documents of a first batch, unless the client says otherwise.
pub const FIRST_BATCH: usize = 101;
/// Bytes of documents in one reply.
pub const REPLY_BYTES_MAX: usize = 16 << 20;

/// Where a cursor's next documents come from.
pub enum Source {
    /// Already found (sorted, grouped, listed).
    Found(VecDeque<Document>),
    /// Still to be scanned.
    Scan(Box<Scan>),
    /// A pipeline that goes on.
    Pipeline(Box<Running>),
    /// The oplog from a timestamp on.
    Oplog(Box<OplogTail>),
}

/// A cursor on the oplog.
pub struct OplogTail {
    /// The next entry's least timestamp.
    pub from: Timestamp,
    /// What its entries must match.
    pub matcher: crate::query::matcher::Matcher,
    /// Stays open at the end.
    pub tailable: bool,
    /// Waits at the end.
    pub awaits: bool,
    /// Stands after an entry that it has seen: what follows must not have been dropped.
    pub placed: bool,
}

/// Which states of the data a cursor sees as it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// What is there by then.
    Latest,
    /// What a majority has by then.
    Committed,
    /// Always this one.
    Snapshot(OpTime),
}

/// One open cursor.
pub struct Cursor {
    /// `database.collection`.
    pub ns: String,
    /// Where the next documents come from.
    pub source: Source,
    /// Which states of the data it sees.
    pub reading: Reading,
    /// The session that opened it: it ends with it.
    session: Option<SessionKey>,
    /// It may be idle for ever (`noCursorTimeout`).
    stays: bool,
    used: Instant,
}

/// All open cursors.
#[derive(Default)]
pub struct CursorTable {
    next: i64,
    open: BTreeMap<i64, Cursor>,
    session: Option<SessionKey>,
    /// How many came and went, for `serverStatus`.
    pub tally: CursorTally,
}

/// Cursors since the start.
#[derive(Clone, Copy, Debug, Default)]
pub struct CursorTally {
    /// Opened.
    pub opened: i64,
    /// Closed because nobody asked for them for [`CURSOR_IDLE_MAX`].
    pub timed_out: i64,
    /// Closed because there were [`CURSORS_MAX`].
    pub crowded_out: i64,
}

impl CursorTable {
    /// Keeps a cursor open; returns its id, never 0.
    pub fn open(&mut self, ns: String, source: Source, reading: Reading) -> i64 {
        if self.open.len() >= CURSORS_MAX
            && let Some(idle) = self
                .open
                .iter()
                .min_by_key(|(_, cursor)| cursor.used)
                .map(|(id, _)| *id)
        {
            tracing::warn!(
                cursor = idle,
                max = CURSORS_MAX,
                "too many open cursors: the one that was idle longest is closed"
            );
            self.tally.crowded_out += 1;
            self.open.remove(&idle);
        }
        self.tally.opened += 1;
        // Spread over the whole range, so that an old id of a former life hardly meets a new cursor.
        self.next = self
            .next
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let id = (self.next >> 1).abs().max(1);
        self.open.insert(
            id,
            Cursor {
                ns,
                source,
                reading,
                session: self.session.clone(),
                stays: false,
                used: Instant::now(),
            },
        );
        id
    }

    /// Cursors that are opened now belong to this session.
    pub fn open_for(&mut self, session: Option<SessionKey>) {
        self.session = session;
    }

    /// This cursor may be idle as long as its session lives.
    pub fn keep(&mut self, id: i64) {
        if let Some(cursor) = self.open.get_mut(&id) {
            cursor.stays = true;
        }
    }

    /// Takes a cursor out to go on with it; put it back with [`CursorTable::put_back`].
    ///
    /// # Errors
    /// 43 when there is none of this id on this collection.
    pub fn take(&mut self, id: i64, ns: &str) -> Result<Cursor, CommandError> {
        match self.open.get(&id) {
            Some(cursor) if cursor.ns == ns => {}
            Some(cursor) => {
                let text = format!(
                    "Requested getMore on namespace '{ns}', but cursor belongs to '{}'",
                    cursor.ns
                );
                return Err(CommandError::new(13, text));
            }
            None => return Err(CommandError::new(43, format!("cursor id {id} not found"))),
        }
        self.open
            .remove(&id)
            .ok_or_else(|| CommandError::new(43, format!("cursor id {id} not found")))
    }

    /// Keeps a cursor under its old id.
    pub fn put_back(&mut self, id: i64, mut cursor: Cursor) {
        cursor.used = Instant::now();
        self.open.insert(id, cursor);
    }

    /// Closes a cursor; false if there was none.
    pub fn close(&mut self, id: i64) -> bool {
        self.open.remove(&id).is_some()
    }

    /// Closes the cursors of a session that is over.
    pub fn close_of(&mut self, session: &[u8]) {
        self.open
            .retain(|_, cursor| cursor.session.as_deref() != Some(session));
    }

    /// Closes all cursors: this member may not serve reads any more.
    pub fn close_all(&mut self) {
        self.open.clear();
    }

    /// Closes cursors that were idle too long.
    pub fn expire(&mut self, now: Instant) {
        let before = self.open.len();
        self.open
            .retain(|_, cursor| cursor.stays || now.saturating_duration_since(cursor.used) < CURSOR_IDLE_MAX);
        self.tally.timed_out += i64::try_from(before - self.open.len()).unwrap_or(0);
    }

    /// Number of open cursors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Number of those that may be idle for ever.
    #[must_use]
    pub fn staying(&self) -> usize {
        self.open.values().filter(|cursor| cursor.stays).count()
    }

    /// Is none open?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Which states this cursor sees.
    #[must_use]
    pub fn reading(&self, id: i64) -> Option<Reading> {
        self.open.get(&id).map(|cursor| cursor.reading)
    }

    /// Does this cursor wait at its end (tailable, awaitData)?
    #[must_use]
    pub fn awaits(&self, id: i64) -> bool {
        matches!(self.open.get(&id).map(|cursor| &cursor.source), Some(Source::Oplog(tail)) if tail.awaits)
    }
}

/// The reply of `find`, `aggregate` and the `list…` commands.
#[must_use]
pub fn first_batch(id: i64, ns: &str, batch: Vec<Document>) -> Document {
    reply(id, ns, "firstBatch", batch)
}

/// The reply of `getMore`.
#[must_use]
pub fn next_batch(id: i64, ns: &str, batch: Vec<Document>) -> Document {
    reply(id, ns, "nextBatch", batch)
}

fn reply(id: i64, ns: &str, name: &str, batch: Vec<Document>) -> Document {
    let batch: Vec<Bson> = batch.into_iter().map(Bson::Document).collect();
    doc! { "cursor": { name: batch, "id": id, "ns": ns }, "ok": 1.0 }
}
