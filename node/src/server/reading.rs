//! Reads: the core says who may and at which point, the command says what, and a wait ends when there is news.

use std::sync::Arc;
use std::time::Duration;

use bson::{Bson, Document, RawBsonRef};
use protocol::concern::ReadConcern;
use protocol::input::Input;
use protocol::optime::{OpTime, Timestamp};
use protocol::output::{ReadPoint, Refusal};
use tokio::time::Instant;

use super::answer::of_refusal;
use super::data::{internal, millis};
use super::event::{ConnectionId, ReplyTo};
use super::event_loop::Server;
use super::linearizable::Arrived;
use super::read_concern::{Wanted, read_concern};
use crate::commands::{CommandError, Facts, OplogReader, ReadAccess, Reading, Traffic, session_of};
use crate::replication::config_document;
use crate::storage::log::Log;
use crate::storage::store::ReadAt;
use crate::wire::Request;

/// How long a `getMore` waits at the end of a tailable cursor, unless it says so.
const AWAIT_DEFAULT: Duration = Duration::from_secs(1);

/// How long a read waits for the cluster time that it must not miss, unless it says so.
const CLUSTER_TIME_WAIT_MAX: Duration = Duration::from_secs(300);

/// A command that reads.
pub(super) type Run = fn(&mut ReadAccess<'_>, &Request) -> Result<Document, CommandError>;

/// A read that waits for news.
pub(super) struct Awaiting {
    run: Run,
    request: Request,
    connection: ConnectionId,
    reply: ReplyTo,
    pub(super) until: Instant,
    seen: (OpTime, OpTime),
}

impl Server {
    /// `until`: this read has waited already, and for how long it may.
    pub(super) fn read(
        &mut self,
        run: Run,
        request: Request,
        connection: ConnectionId,
        reply: ReplyTo,
        until: Option<Instant>,
    ) {
        let wanted = match read_concern(&request) {
            Ok(wanted) => wanted,
            Err(error) => return self.reply_error(reply, &error, false),
        };
        let concern = wanted.concern;
        if concern == ReadConcern::Linearizable {
            return self.read_later(Arrived {
                run,
                request,
                connection,
                reply,
            });
        }
        // A cursor stays where it was opened: its batches carry no read preference.
        let secondary_ok = request.name == "getMore" || allows_secondary(&request);
        let id = self.pending.number();
        let at = match self.admit(concern, id, secondary_ok) {
            Ok(at) => at,
            Err(refusal) => return self.reply_error(reply, &of_refusal(refusal), false),
        };
        match self.has_reached(&wanted, until.is_some()) {
            Ok(true) => {}
            Ok(false) if until.is_none_or(|until| Instant::now() < until) => {
                let wait = millis(&request, "maxTimeMS").unwrap_or(CLUSTER_TIME_WAIT_MAX);
                return self.await_news(run, request, connection, reply, until, wait);
            }
            Ok(false) => {
                let text = "operation exceeded time limit: the cluster time was not reached here in time";
                return self.reply_error(reply, &CommandError::new(50, text), false);
            }
            Err(error) => return self.reply_error(reply, &error, false),
        }
        let (at, reading) = self.point_of(&wanted, at);
        let seen = self.seen_at(&request, at);
        let said = |mut body: Document| {
            body.insert("operationTime", seen);
            body
        };
        match self.run_read(run, &request, connection, at, reading).map(said) {
            Err(error) => self.reply_error(reply, &error, false),
            Ok(body)
                if self.is_at_the_end(&request, &body)
                    && until.is_none_or(|until| Instant::now() < until) =>
            {
                let wait = millis(&request, "maxTimeMS").unwrap_or(AWAIT_DEFAULT);
                self.await_news(run, request, connection, reply, until, wait);
            }
            Ok(mut body) => {
                if let Reading::Snapshot(point) = reading {
                    name_snapshot(&mut body, point);
                }
                self.reply(reply, body);
            }
        }
    }

    /// Runs a command that reads, at this point.
    pub(super) fn run_read(
        &mut self,
        run: Run,
        request: &Request,
        connection: ConnectionId,
        at: ReadAt,
        reading: Reading,
    ) -> Result<Document, CommandError> {
        let facts = self.facts(connection, request);
        let committed = self.committed_point();
        if let Ok(Some(RawBsonRef::Int64(cursor))) = request.body.get("getMore")
            && let Some(Reading::Snapshot(point)) = self.cursors.reading(cursor)
        {
            self.snapshots.used(point, std::time::Instant::now());
        }
        self.cursors.open_for(session_of(request));
        let mut access = ReadAccess {
            store: &self.store,
            at,
            cursors: &mut self.cursors,
            sessions: &mut self.sessions,
            facts: &facts,
            oplog: &mut OwnOplog(&mut self.log),
            reading,
            committed: ReadAt::At(committed),
        };
        run(&mut access, request)
    }

    /// Goes on with the reads for which there is news, or whose time is over.
    pub(super) fn go_on_awaiting(&mut self) {
        let (now, newest) = (Instant::now(), self.news());
        let awaiting = std::mem::take(&mut self.awaiting);
        for wait in awaiting {
            if wait.seen == newest && now < wait.until {
                self.awaiting.push(wait);
            } else {
                self.read(
                    wait.run,
                    wait.request,
                    wait.connection,
                    wait.reply,
                    Some(wait.until),
                );
            }
        }
    }

    /// Asks the core.
    pub(super) fn admit(
        &mut self,
        concern: ReadConcern,
        id: protocol::input::RequestId,
        secondary_ok: bool,
    ) -> Result<ReadAt, Refusal> {
        self.decision = None;
        self.feed(&Input::ClientRead {
            id,
            concern,
            secondary_ok,
        });
        match self.decision.take() {
            Some(Ok(ReadPoint::Latest)) => Ok(ReadAt::Latest),
            // What the store has merged is committed, even if this life has not heard of it yet.
            Some(Ok(ReadPoint::At(point))) => Ok(ReadAt::At(point.max(self.store.readable_from()))),
            Some(Err(refusal)) => Err(refusal),
            None => Err(Refusal::NotPrimaryOrSecondary),
        }
    }

    /// Has this member what the read must not miss?
    fn has_reached(&mut self, wanted: &Wanted, waited: bool) -> Result<bool, CommandError> {
        let Some(after) = wanted.after.or(wanted.at) else {
            return Ok(true);
        };
        #[cfg(feature = "planted-bugs")]
        if crate::bugs::is_planted(&crate::bugs::after_cluster_time_ignored::BUG) {
            return Ok(true);
        }
        let newest = self.cluster_time.newest(self.own_time());
        if after > newest {
            let text = format!(
                "readConcern afterClusterTime value must not be greater than the current clusterTime. \
                 Requested clusterTime: {after}; current clusterTime: {newest}"
            );
            return Err(CommandError::new(72, text));
        }
        if self.own_time() < after && !waited && self.state.is_writable() {
            // Nothing may come for a long time: an entry is named after all that was told, and brings this member and
            // everybody else there.
            self.feed(&Input::Note);
        }
        let here = match wanted.concern {
            ReadConcern::Majority => time_of(self.committed_point()),
            _ => self.own_time(),
        };
        Ok(here >= after)
    }

    /// The newest entry that a read at this point can have seen. Said of a read at the commit point, the newest entry
    /// of all would lie beyond its snapshot: the client believes to have seen what it has not (R-114, SERVER-120304).
    pub(super) fn seen_at(&self, request: &Request, at: ReadAt) -> bson::Timestamp {
        #[cfg(feature = "planted-bugs")]
        if crate::bugs::is_planted(&crate::bugs::operation_time_beyond_snapshot::BUG) {
            return self.own_time();
        }
        let cursor = match request.body.get("getMore") {
            Ok(Some(RawBsonRef::Int64(cursor))) => self.cursors.reading(cursor),
            _ => None,
        };
        let point = match (cursor, at) {
            (Some(Reading::Committed), _) => self.committed_point(),
            (Some(Reading::Snapshot(point)), _) | (_, ReadAt::At(point)) => point,
            (_, ReadAt::Latest) => OpTime::NULL,
        };
        if point.is_null() {
            // Everything, or nothing that has a name.
            return self.own_time();
        }
        time_of(point.min(self.state.last_written()))
    }

    /// Where a read looks, and how its cursor goes on.
    fn point_of(&mut self, wanted: &Wanted, at: ReadAt) -> (ReadAt, Reading) {
        match (wanted.snapshot, at) {
            (true, ReadAt::At(newest)) => {
                let point = wanted.at.map_or(newest, |at| self.newest_until(at, newest));
                self.snapshots.used(point, std::time::Instant::now());
                (ReadAt::At(point), Reading::Snapshot(point))
            }
            (_, ReadAt::At(_)) => (at, Reading::Committed),
            (_, ReadAt::Latest) => (at, Reading::Latest),
        }
    }

    /// The newest committed entry that is not newer than this time.
    fn newest_until(&self, at: bson::Timestamp, newest: OpTime) -> OpTime {
        if time_of(newest) <= at {
            return newest;
        }
        let committed = self.state.oplog.iter().rev().skip_while(|entry| *entry > newest);
        let mut older = committed.skip_while(|entry| time_of(*entry) > at);
        // Older than everything here: the store says that it is too old.
        older.next().unwrap_or(OpTime::NULL)
    }

    fn committed_point(&self) -> OpTime {
        self.state
            .commit_point
            .min(self.state.last_written())
            .max(self.store.readable_from())
    }

    fn news(&self) -> (OpTime, OpTime) {
        (self.state.last_written(), self.state.commit_point)
    }

    fn await_news(
        &mut self,
        run: Run,
        request: Request,
        connection: ConnectionId,
        reply: ReplyTo,
        until: Option<Instant>,
        wait: Duration,
    ) {
        let seen = self.news();
        self.awaiting.push(Awaiting {
            run,
            request,
            connection,
            reply,
            until: until.unwrap_or_else(|| Instant::now() + wait),
            seen,
        });
    }

    /// An empty batch of a cursor that waits for more.
    fn is_at_the_end(&self, request: &Request, body: &Document) -> bool {
        let id = match request.body.get("getMore") {
            Ok(Some(RawBsonRef::Int64(id))) => id,
            _ => return false,
        };
        let cursor = body.get_document("cursor");
        let empty = cursor.is_ok_and(|cursor| cursor.get_array("nextBatch").is_ok_and(Vec::is_empty));
        empty && self.cursors.awaits(id)
    }

    fn facts(&self, connection: ConnectionId, request: &Request) -> Facts {
        const READS: [&str; 4] = ["find", "getMore", "count", "distinct"];
        if READS.contains(&request.name.as_str()) && request.database != "local" {
            // They ask for limits only, and are many.
            return Facts {
                parameters: self.options.set_parameter.clone(),
                ..Facts::default()
            };
        }
        let shows_config = request.database == "local" && !self.state.config.is_none();
        Facts {
            me: (request.database == "local").then(
                || bson::doc! { "_id": self.own_id, "host": format!("127.0.0.1:{}", self.options.port()) },
            ),
            config: shows_config.then(|| config_document::format(&self.state.config)),
            host: self.state.my_config().map_or_else(
                || format!("127.0.0.1:{}", self.options.port()),
                |me| me.host.clone(),
            ),
            arguments: std::env::args().collect(),
            port: self.options.port(),
            set_name: self.options.set_name().unwrap_or_default().to_owned(),
            uptime_secs: self.started.elapsed().as_secs(),
            connection: connection.0,
            connections: i32::try_from(self.clients.len()).unwrap_or(i32::MAX),
            connections_available: i32::try_from(
                self.options.connections_max().saturating_sub(self.clients.len()),
            )
            .unwrap_or(i32::MAX),
            connections_created: i64::try_from(self.clients.created()).unwrap_or(i64::MAX),
            hello: Document::new(),
            test_commands: self.options.test_commands(),
            traffic: match request.name.as_str() {
                "serverStatus" | "top" => self.traffic.clone(),
                _ => Traffic::default(),
            },
            who: self.who(connection),
            parameters: self.options.set_parameter.clone(),
            oplog_bytes: self.log.disk_bytes(),
            oplog_cap_bytes: self.options.oplog_cap_bytes(),
        }
    }
}

/// The member's own oplog, for `local.oplog.rs`.
struct OwnOplog<'a>(&'a mut Log);

impl OplogReader for OwnOplog<'_> {
    fn entries_from(&mut self, from: bson::Timestamp, max: usize) -> Result<Vec<Arc<[u8]>>, CommandError> {
        const BYTES_MAX: usize = 16 << 20;
        let from = Timestamp {
            secs: from.time,
            inc: from.increment,
        };
        let Some(first) = self.0.first_at_or_after(from) else {
            return Ok(Vec::new());
        };
        let found = self.0.get(first).map_err(|error| internal(&error))?;
        let mut entries: Vec<Arc<[u8]>> = found.into_iter().collect();
        let rest = self.0.entries_after(first, max.saturating_sub(1), BYTES_MAX);
        let rest = rest.map_err(|error| internal(&error))?;
        entries.extend(rest.into_iter().map(|(_, entry)| entry));
        Ok(entries)
    }

    fn entries(&self) -> u64 {
        self.0.len() as u64
    }

    fn dropped(&self) -> Option<bson::Timestamp> {
        let base = self.0.base();
        (!base.is_null()).then(|| time_of(base))
    }

    fn newest(&self) -> Option<bson::Timestamp> {
        self.0.newest().map(time_of)
    }
}

/// An entry's time, as clients write it.
pub(super) fn time_of(optime: OpTime) -> bson::Timestamp {
    bson::Timestamp {
        time: optime.ts.secs,
        increment: optime.ts.inc,
    }
}

/// Tells which state a snapshot read has seen.
fn name_snapshot(body: &mut Document, point: OpTime) {
    let time = Bson::Timestamp(time_of(point));
    match body.get_document_mut("cursor") {
        Ok(cursor) => cursor.insert("atClusterTime", time),
        Err(_) => body.insert("atClusterTime", time),
    };
}

/// Does the client take a secondary's word, too?
pub(super) fn allows_secondary(request: &Request) -> bool {
    let preference = request.body.get_document("$readPreference").ok();
    preference
        .and_then(|preference| preference.get_str("mode").ok())
        .is_some_and(|mode| mode != "primary")
}
