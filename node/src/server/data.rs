//! Requests for the data, and writes: the core says who may, the command says what, the core says when the client
//! hears.

use std::time::Duration;

use bson::{Document, RawBsonRef, RawDocumentBuf, doc};
use protocol::concern::{W, WriteConcern};
use protocol::input::Input;
use protocol::optime::Term;
use protocol::output::Refusal;
use protocol::write_mode::ModeId;
use tokio::time::Instant;

use super::answer::of_refusal;
use super::entry::Statement;
use super::event::{ConnectionId, Event, ReplyTo};
use super::event_loop::{Planned, Server};
use super::pending::{Purpose, Waiter};
use super::read_concern::check_concern_of_write;
use super::session_table;
use crate::commands::{Access, CommandError, Progress, Reading, Scope, WriteAccess, WriteOp, command_for};
use crate::storage::store::{ReadAt, Store};
use crate::wire::Request;

impl Server {
    pub(super) fn data_request(&mut self, request: Request, connection: ConnectionId, reply: ReplyTo) {
        let Some(command) = command_for(&request) else {
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
            Access::Nothing(run) => {
                match self.run_read(run, &request, connection, ReadAt::Latest, Reading::Latest) {
                    Ok(body) => self.reply(reply, body),
                    Err(error) => self.reply_error(reply, &error, false),
                }
            }
            Access::Read(run) => self.read(run, request, connection, reply, None),
            Access::Write(run) => self.write(run, request, reply, None),
        }
    }

    /// Goes on with a batch that has paused.
    pub(super) fn go_on(&mut self, paused: Paused) {
        let Paused {
            run,
            request,
            reply,
            progress,
            term,
        } = paused;
        if term != self.state.term {
            // What the earlier slices wrote may be rolled back by now: a write concern of a later term says nothing of it.
            let retryable = session_of(&request).is_ok_and(|session| session.is_some());
            let text = "operation was interrupted because the member is not primary any more";
            return self.reply_error(reply, &CommandError::new(11602, text), retryable);
        }
        self.write(run, request, reply, Some(progress));
    }

    fn write(&mut self, run: RunWrite, request: Request, reply: ReplyTo, earlier: Option<Progress>) {
        let session = match session_of(&request) {
            Ok(session) => session,
            Err(error) => return self.reply_error(reply, &error, false),
        };
        let retryable = session.is_some();
        let concern = match self.write_concern(&request) {
            Ok(concern) => concern,
            Err(error) => return self.reply_error(reply, &error, retryable),
        };
        if let Err(error) = check_concern_of_write(&request) {
            return self.reply_error(reply, &error, false);
        }
        if !self.state.is_writable() {
            return match self.forwards_to(&request) {
                Some(primary) => self.forward(&request, primary, reply),
                None => self.reply_error(reply, &of_refusal(Refusal::NotWritablePrimary), retryable),
            };
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
            progress: earlier.unwrap_or_default(),
            begun: std::time::Instant::now(),
            until: None,
        };
        let result = run(&mut access, &request);
        let progress = std::mem::take(&mut access.progress);
        let mut body = match result {
            Ok(body) => body,
            Err(error) => return self.reply_error(reply, &error, retryable),
        };
        if progress.is_paused() {
            let term = self.state.term;
            let paused = Paused {
                run,
                request,
                reply,
                progress,
                term,
            };
            // The loop itself holds the other end.
            let _ = self.events.send(Event::GoOn(paused));
            return;
        }
        // The time of what this write did: until its concern is met, others write on, and all that wait for the same
        // round would be told the time of the newest (each has its own in MongoDB).
        if !self.state.config.is_none() {
            body.insert("operationTime", self.own_time());
        }
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

    /// Writes that no client has asked for.
    pub(super) fn write_alone(&mut self, writes: Vec<WriteOp>) -> Result<(), CommandError> {
        let mut access = Writing {
            server: self,
            session: None,
            results: Vec::new(),
            progress: Progress::default(),
            begun: std::time::Instant::now(),
            until: None,
        };
        access.write(0, writes)
    }

    fn check_transaction_number(&self, lsid: &RawDocumentBuf, number: i64) -> Result<(), CommandError> {
        let last = session_table::newest_number(&self.store, lsid.as_bytes());
        let last = last.map_err(|error| internal(&error))?;
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
            None | Some(RawBsonRef::Null) => RawDocumentBuf::new(),
            Some(RawBsonRef::Document(given)) => given.to_owned(),
            Some(_) => return Err(CommandError::new(14, "writeConcern must be a document")),
        };
        let config = &self.state.config;
        let (mut journal, mut timeout, mut w) = (false, None, None);
        for field in &given {
            let (name, value) = field.map_err(|_| CommandError::new(9, "writeConcern is malformed"))?;
            match (name.as_str(), value) {
                ("j", RawBsonRef::Boolean(wanted)) => journal = wanted,
                ("wtimeout", RawBsonRef::Int32(wait)) => timeout = u64::try_from(wait).ok(),
                ("wtimeout", RawBsonRef::Int64(wait)) => timeout = u64::try_from(wait).ok(),
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a wait in milliseconds"
                )]
                ("wtimeout", RawBsonRef::Double(wait)) => timeout = Some(wait as u64),
                ("w", wanted) => w = Some(wanted),
                _ => {}
            }
        }
        let mut error = None;
        let w = match w {
            // with too few data-bearing members a majority could never be had after one failure.
            None if config.data_voters() <= config.majority() && config.voters() > config.data_voters() => {
                W::Members(1)
            }
            #[cfg(feature = "planted-bugs")]
            None if crate::bugs::is_planted(&crate::bugs::default_concern_ignored::BUG) => W::Members(1),
            None => W::Majority,
            Some(RawBsonRef::String("majority")) => W::Majority,
            Some(RawBsonRef::String(mode)) if config.mode(ModeId::of(mode)).is_some() => {
                W::Mode(ModeId::of(mode))
            }
            Some(RawBsonRef::String(mode)) => {
                error = Some((
                    79,
                    format!("No write concern mode named '{mode}' found in replica set configuration"),
                ));
                W::Members(1)
            }
            Some(number) => {
                let number = match number {
                    RawBsonRef::Int32(number) => i64::from(number),
                    RawBsonRef::Int64(number) => number,
                    #[expect(clippy::cast_possible_truncation, reason = "a number of members")]
                    RawBsonRef::Double(number) => number as i64,
                    _ => return Err(CommandError::new(9, "w has to be a number or a string")),
                };
                let number = u8::try_from(number)
                    .ok()
                    .filter(|number| usize::from(*number) <= 50)
                    .ok_or_else(|| {
                        CommandError::new(9, "w has to be a non-negative number and not greater than 50")
                    })?;
                W::Members(number)
            }
        };
        if !config.can_satisfy(w) {
            error = Some((100, NOT_ENOUGH_MEMBERS.to_owned()));
        }
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
}

/// What a client hears whose write concern no members of this set could meet (100).
pub(super) const NOT_ENOUGH_MEMBERS: &str = "Not enough data-bearing nodes";

/// A command that writes.
type RunWrite = fn(&mut dyn WriteAccess, &Request) -> Result<Document, CommandError>;

/// How long one batch writes before others go first.
const SLICE: Duration = Duration::from_millis(20);

/// A batch between two slices.
pub struct Paused {
    run: RunWrite,
    request: Request,
    reply: ReplyTo,
    progress: Progress,
    /// The term in which it began: all of it is written in one, or it fails.
    term: Term,
}

/// Memory for data that is not committed yet; above it writes are refused (146 `ExceededMemoryLimit`).
const OVERLAY_BYTES_MAX: usize = 1 << 30;

struct ParsedConcern {
    concern: WriteConcern,
    timeout: Option<Duration>,
    error: Option<Document>,
    document: RawDocumentBuf,
}

/// The server while it runs one write command.
struct Writing<'a> {
    server: &'a mut Server,
    session: Option<(RawDocumentBuf, i64)>,
    results: Vec<(i32, Document)>,
    progress: Progress,
    begun: std::time::Instant,
    until: Option<std::time::Instant>,
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

    fn progress(&mut self) -> &mut Progress {
        &mut self.progress
    }

    /// Counts from the first statement on, and lasts as long as it took to come there at least: a batch that has to be
    /// read anew for each slice would never end otherwise.
    fn is_slice_over(&mut self) -> bool {
        let now = std::time::Instant::now();
        let reading = now - self.begun;
        now >= *self.until.get_or_insert(now + SLICE.max(reading))
    }

    fn executed(&self, statement: i32) -> Option<Document> {
        let (lsid, number) = self.session.as_ref()?;
        session_table::executed(&self.server.store, lsid.as_bytes(), *number, statement)
            .ok()
            .flatten()
    }

    fn record(&mut self, statement: i32, result: &dyn Fn() -> Document) {
        if self.session.is_some() {
            self.results.push((statement, result()));
        }
    }
}

fn session_of(request: &Request) -> Result<Option<(RawDocumentBuf, i64)>, CommandError> {
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

pub(super) fn millis(request: &Request, key: &str) -> Option<Duration> {
    let value = request.body.get(key).ok().flatten()?;
    let value = value.as_i64().or_else(|| value.as_i32().map(i64::from))?;
    u64::try_from(value)
        .ok()
        .filter(|value| *value > 0)
        .map(Duration::from_millis)
}

pub(super) fn internal(error: &dyn std::fmt::Display) -> CommandError {
    CommandError::new(1, error.to_string())
}
