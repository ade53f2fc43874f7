//! Requests for the data: the core says who may, the command says what, the core says when the client hears.

use std::sync::Arc;
use std::time::Duration;

use bson::{Bson, Document, RawBsonRef, doc};
use protocol::concern::{ReadConcern, W, WriteConcern};
use protocol::input::Input;
use protocol::optime::{OpTime, Timestamp};
use protocol::output::{ReadPoint, Refusal};
use tokio::time::Instant;

use super::answer::of_refusal;
use super::entry::{Statement, record_of};
use super::event::{ConnectionId, ReplyTo};
use super::event_loop::{Planned, Server};
use super::pending::{Purpose, Waiter};
use crate::commands::{
    Access, COMMANDS, CommandError, Facts, OplogReader, ReadAccess, Scope, WriteAccess, WriteOp,
};
use crate::storage::log::Log;
use crate::storage::store::{ReadAt, Store};
use crate::wire::Request;

impl Server {
    pub(super) fn data_request(&mut self, request: Request, connection: ConnectionId, reply: ReplyTo) {
        let command = COMMANDS
            .iter()
            .find(|command| command.names.contains(&request.name.as_str()));
        let Some(command) = command else {
            let error = CommandError::new(59, format!("no such command: '{}'", request.name));
            return self.reply_error(reply, &error, false);
        };
        if command.scope == Scope::Admin && request.database != "admin" {
            let error = CommandError::new(
                13,
                format!("{} may only be run against the admin database.", request.name),
            );
            return self.reply_error(reply, &error, false);
        }
        match command.access {
            Access::Nothing(run) => match self.run_read(run, &request, connection, ReadAt::Latest) {
                Ok(body) => self.reply(reply, body),
                Err(error) => self.reply_error(reply, &error, false),
            },
            Access::Read(run) => self.read(run, request, connection, reply, None),
            Access::Write(run) => self.write(run, &request, reply),
        }
    }

    fn run_read(
        &mut self,
        run: fn(&mut ReadAccess<'_>, &Request) -> Result<Document, CommandError>,
        request: &Request,
        connection: ConnectionId,
        at: ReadAt,
    ) -> Result<Document, CommandError> {
        let facts = self.facts(connection);
        let committed = self
            .state
            .commit_point
            .min(self.state.last_written())
            .max(self.store.readable_from());
        let mut access = ReadAccess {
            store: &self.store,
            at,
            cursors: &mut self.cursors,
            facts: &facts,
            oplog: &mut OwnOplog(&mut self.log),
            majority: matches!(at, ReadAt::At(_)),
            committed: ReadAt::At(committed),
        };
        run(&mut access, request)
    }

    /// `until`: this is a `getMore` that has waited at the end of its tailable cursor, and for how long it may.
    fn read(
        &mut self,
        run: Run,
        request: Request,
        connection: ConnectionId,
        reply: ReplyTo,
        until: Option<Instant>,
    ) {
        let concern = match read_concern(&request) {
            Ok(concern) => concern,
            Err(error) => return self.reply_error(reply, &error, false),
        };
        // A cursor stays where it was opened: its batches carry no read preference.
        let secondary_ok = request.name == "getMore" || allows_secondary(&request);
        let id = self.pending.number();
        self.decision = None;
        self.feed(&Input::ClientRead {
            id,
            concern,
            secondary_ok,
        });
        let at = match self.decision.take() {
            Some(Ok(ReadPoint::Latest)) => ReadAt::Latest,
            // What the store has merged is committed, even if this life has not heard of it yet.
            Some(Ok(ReadPoint::At(point))) => ReadAt::At(point.max(self.store.readable_from())),
            Some(Err(refusal)) => return self.reply_error(reply, &of_refusal(refusal), false),
            None => return self.reply_error(reply, &of_refusal(Refusal::NotPrimaryOrSecondary), false),
        };
        match self.run_read(run, &request, connection, at) {
            Err(error) => {
                self.feed(&Input::Abandon(id));
                self.reply_error(reply, &error, false);
            }
            Ok(body) if concern == ReadConcern::Linearizable => match self.completed.take() {
                Some((done, outcome)) if done == id => {
                    let body = self.outcome_body(body, &Purpose::LinearizableRead, outcome);
                    self.reply(reply, body);
                }
                _ => {
                    let deadline = millis(&request, "maxTimeMS").map(|wait| Instant::now() + wait);
                    let purpose = Purpose::LinearizableRead;
                    self.pending.wait(id, Waiter { reply, body, purpose }, deadline);
                }
            },
            Ok(body)
                if self.is_at_the_end(&request, &body)
                    && until.is_none_or(|until| Instant::now() < until) =>
            {
                let wait = millis(&request, "maxTimeMS").unwrap_or(AWAIT_DEFAULT);
                let until = until.unwrap_or_else(|| Instant::now() + wait);
                let seen = self.state.last_written();
                self.awaiting.push(Awaiting {
                    run,
                    request,
                    connection,
                    reply,
                    until,
                    seen,
                });
            }
            Ok(body) => self.reply(reply, body),
        }
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

    /// Goes on with the `getMore`s for which there is news, or whose time is over.
    pub(super) fn go_on_awaiting(&mut self) {
        let (now, newest) = (Instant::now(), self.state.last_written());
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

    fn write(
        &mut self,
        run: fn(&mut dyn WriteAccess, &Request) -> Result<Document, CommandError>,
        request: &Request,
        reply: ReplyTo,
    ) {
        let session = match session_of(request) {
            Ok(session) => session,
            Err(error) => return self.reply_error(reply, &error, false),
        };
        let retryable = session.is_some();
        let concern = match self.write_concern(request) {
            Ok(concern) => concern,
            Err(error) => return self.reply_error(reply, &error, retryable),
        };
        if !self.state.is_writable() {
            return self.reply_error(reply, &of_refusal(Refusal::NotWritablePrimary), retryable);
        }
        if self.store.overlay_bytes() > OVERLAY_BYTES_MAX {
            // Nothing is committed any more, so nothing may leave memory: a full memory would take the member down.
            let text = format!(
                "more than {OVERLAY_BYTES_MAX} bytes wait for a majority; try again when members are back"
            );
            return self.reply_error(reply, &CommandError::new(146, text), false);
        }
        if let Some((lsid, number)) = &session
            && let Err(error) = self.check_transaction_number(lsid, *number)
        {
            return self.reply_error(reply, &error, retryable);
        }
        let mut access = Writing {
            server: self,
            session,
            results: Vec::new(),
        };
        let mut body = match run(&mut access, request) {
            Ok(body) => body,
            Err(error) => return self.reply_error(reply, &error, retryable),
        };
        if let Some(error) = concern.error {
            body.insert("writeConcernError", error);
            return self.reply(reply, body);
        }
        let id = self.pending.number();
        let purpose = Purpose::Write {
            concern: concern.document,
            retryable,
        };
        let deadline = concern.timeout.map(|wait| Instant::now() + wait);
        self.pending.wait(id, Waiter { reply, body, purpose }, deadline);
        self.feed(&Input::ClientNoop {
            id,
            concern: concern.concern,
        });
    }

    fn check_transaction_number(&self, lsid: &bson::RawDocumentBuf, number: i64) -> Result<(), CommandError> {
        let record = record_of(&self.store, lsid.as_bytes()).map_err(|error| internal(&error))?;
        let last = record.and_then(|record| record.get_i64("txnNum").ok());
        match last {
            Some(last) if last > number => Err(CommandError::new(
                225,
                format!(
                    "Cannot start transaction {number} because a newer transaction {last} has already started on this session"
                ),
            )),
            _ => Ok(()),
        }
    }

    fn write_concern(&self, request: &Request) -> Result<ParsedConcern, CommandError> {
        let given = request.body.get("writeConcern").ok().flatten();
        let given = match given {
            None => Document::new(),
            Some(RawBsonRef::Document(given)) => {
                Document::try_from(given).map_err(|_| CommandError::new(9, "writeConcern is malformed"))?
            }
            Some(_) => return Err(CommandError::new(14, "writeConcern must be a document")),
        };
        let config = &self.state.config;
        let journal = given.get_bool("j").unwrap_or(false);
        let timeout = match given.get("wtimeout") {
            Some(Bson::Int32(wait)) => u64::try_from(*wait).ok(),
            Some(Bson::Int64(wait)) => u64::try_from(*wait).ok(),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a wait in milliseconds"
            )]
            Some(Bson::Double(wait)) => Some(*wait as u64),
            _ => None,
        };
        let mut error = None;
        let data_bearing = config.members.iter().filter(|member| !member.arbiter).count();
        let w = match given.get("w") {
            // with too few data-bearing members a majority could never be had after one failure.
            None if config.data_voters() <= config.majority() && config.voters() > config.data_voters() => {
                W::Members(1)
            }
            None => W::Majority,
            Some(Bson::String(mode)) if mode == "majority" => W::Majority,
            Some(Bson::String(mode)) => {
                error = Some((
                    79,
                    format!("No write concern mode named '{mode}' found in replica set configuration"),
                ));
                W::Members(1)
            }
            Some(number) => {
                let number = match number {
                    Bson::Int32(number) => i64::from(*number),
                    Bson::Int64(number) => *number,
                    #[expect(clippy::cast_possible_truncation, reason = "a number of members")]
                    Bson::Double(number) => *number as i64,
                    _ => return Err(CommandError::new(9, "w has to be a number or a string")),
                };
                let number = u8::try_from(number)
                    .ok()
                    .filter(|number| usize::from(*number) <= 50)
                    .ok_or_else(|| {
                        CommandError::new(9, "w has to be a non-negative number and not greater than 50")
                    })?;
                if usize::from(number) > data_bearing {
                    error = Some((100, "Not enough data-bearing nodes".to_owned()));
                }
                W::Members(number)
            }
        };
        let majority_journal = w == W::Majority && config.majority_journaled;
        Ok(ParsedConcern {
            concern: WriteConcern { w, journal: journal || majority_journal },
            timeout: timeout.filter(|wait| *wait > 0).map(Duration::from_millis),
            error: error.map(|(code, message)| {
                doc! { "code": code, "codeName": crate::error_code::ErrorCode(code).name().as_ref(), "errmsg": message }
            }),
            document: given,
        })
    }

    fn facts(&self, connection: ConnectionId) -> Facts {
        Facts {
            host: self.state.my_config().map_or_else(
                || format!("127.0.0.1:{}", self.options.port()),
                |me| me.host.clone(),
            ),
            arguments: std::env::args().collect(),
            port: self.options.port(),
            set_name: self.options.set_name().unwrap_or_default().to_owned(),
            uptime_secs: self.started.elapsed().as_secs(),
            connection: connection.0,
            connections: 0,
            hello: Document::new(),
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
        (!base.is_null()).then_some(bson::Timestamp {
            time: base.ts.secs,
            increment: base.ts.inc,
        })
    }

    fn newest(&self) -> Option<bson::Timestamp> {
        let newest = self.0.newest()?;
        Some(bson::Timestamp {
            time: newest.ts.secs,
            increment: newest.ts.inc,
        })
    }
}

type Run = fn(&mut ReadAccess<'_>, &Request) -> Result<Document, CommandError>;

/// Memory for data that is not committed yet; above it writes are refused (146 `ExceededMemoryLimit`).
const OVERLAY_BYTES_MAX: usize = 1 << 30;

/// How long a `getMore` waits at the end of a tailable cursor, unless it says so.
const AWAIT_DEFAULT: Duration = Duration::from_secs(1);

/// A `getMore` that waits for more.
pub(super) struct Awaiting {
    run: Run,
    request: Request,
    connection: ConnectionId,
    reply: ReplyTo,
    pub(super) until: Instant,
    seen: OpTime,
}

struct ParsedConcern {
    concern: WriteConcern,
    timeout: Option<Duration>,
    error: Option<Document>,
    document: Document,
}

/// The server while it runs one write command.
struct Writing<'a> {
    server: &'a mut Server,
    session: Option<(bson::RawDocumentBuf, i64)>,
    results: Vec<(i32, Document)>,
}

impl WriteAccess for Writing<'_> {
    fn store(&self) -> &Store {
        &self.server.store
    }

    fn write(&mut self, statement: i32, writes: Vec<WriteOp>) -> Result<(), CommandError> {
        if writes.is_empty() {
            return Ok(());
        }
        let entries = u32::try_from(writes.len()).map_err(|error| internal(&error))?;
        let result = self
            .results
            .iter()
            .position(|(recorded, _)| *recorded == statement);
        let statement = self.session.clone().map(|(lsid, txn_number)| Statement {
            lsid,
            txn_number,
            number: statement,
            result: result.map(|at| self.results.swap_remove(at).1),
        });
        let id = self.server.pending.number();
        self.server.planned = Some(Planned { writes, statement });
        self.server.decision = None;
        self.server.feed(&Input::ClientWrite {
            id,
            entries,
            concern: WriteConcern::ONE,
        });
        self.server.planned = None;
        if let Some(Err(refusal)) = self.server.decision.take() {
            return Err(of_refusal(refusal));
        }
        match &self.server.stopping {
            Some(reason) => Err(CommandError::new(91, format!("the member is stopping: {reason}"))),
            None => Ok(()),
        }
    }

    fn executed(&self, statement: i32) -> Option<Document> {
        let (lsid, number) = self.session.as_ref()?;
        let record = record_of(&self.server.store, lsid.as_bytes()).ok().flatten()?;
        record
            .get_i64("txnNum")
            .is_ok_and(|last| last == *number)
            .then_some(())?;
        let statements = record.get_array("statements").ok()?;
        statements
            .iter()
            .filter_map(Bson::as_document)
            .find_map(|recorded| {
                recorded
                    .get_i32("stmtId")
                    .is_ok_and(|number| number == statement)
                    .then(|| recorded.get_document("result").ok().cloned())?
            })
    }

    fn record(&mut self, statement: i32, result: Document) {
        self.results.push((statement, result));
    }
}

fn read_concern(request: &Request) -> Result<ReadConcern, CommandError> {
    let Ok(Some(given)) = request.body.get("readConcern") else {
        return Ok(ReadConcern::Local);
    };
    let RawBsonRef::Document(given) = given else {
        return Err(CommandError::new(14, "readConcern must be a document"));
    };
    match given.get_str("level") {
        Err(_) => Ok(ReadConcern::Local),
        Ok("local" | "available") => Ok(ReadConcern::Local),
        Ok("majority" | "snapshot") => Ok(ReadConcern::Majority),
        Ok("linearizable") => Ok(ReadConcern::Linearizable),
        Ok(other) => Err(CommandError::new(
            9,
            format!(
                "readConcern level '{other}' must be one of: available, linearizable, local, majority, snapshot"
            ),
        )),
    }
}

fn allows_secondary(request: &Request) -> bool {
    let preference = request.body.get_document("$readPreference").ok();
    preference
        .and_then(|preference| preference.get_str("mode").ok())
        .is_some_and(|mode| mode != "primary")
}

fn session_of(request: &Request) -> Result<Option<(bson::RawDocumentBuf, i64)>, CommandError> {
    let number = match request.body.get("txnNumber") {
        Ok(Some(RawBsonRef::Int64(number))) => number,
        Ok(None) => return Ok(None),
        _ => return Err(CommandError::new(14, "txnNumber must be a 64-bit integer")),
    };
    if request.body.get("autocommit").is_ok_and(|value| value.is_some()) {
        return Err(CommandError::new(
            263,
            "multi-document transactions are not supported",
        ));
    }
    match request.body.get("lsid") {
        Ok(Some(RawBsonRef::Document(lsid))) => Ok(Some((lsid.to_owned(), number))),
        _ => Err(CommandError::new(72, "txnNumber needs an lsid")),
    }
}

fn millis(request: &Request, key: &str) -> Option<Duration> {
    let value = request.body.get(key).ok().flatten()?;
    let value = value.as_i64().or_else(|| value.as_i32().map(i64::from))?;
    u64::try_from(value)
        .ok()
        .filter(|value| *value > 0)
        .map(Duration::from_millis)
}

fn internal(error: &dyn std::fmt::Display) -> CommandError {
    CommandError::new(1, error.to_string())
}
