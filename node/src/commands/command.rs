//! What a command is, and what it may touch. The server gives each command just the access that its kind allows;
//! who may run it when (primary, secondary, read concern) was decided before by the protocol core.

use bson::{Document, RawDocumentBuf};

use super::cursors::{CursorTable, Reading};
use super::error::CommandError;
use super::logical_sessions::LogicalSessions;
use super::oplog_reader::OplogReader;
use super::traffic::Traffic;
use super::write_batch::Progress;
use crate::auth::user::User;
use crate::storage::store::{ReadAt, Store};
use crate::wire::Request;

/// A command on data.
#[derive(Clone, Copy)]
pub struct Command {
    /// Its names, in all spellings, as drivers send them.
    pub names: &'static [&'static str],
    /// What it touches.
    pub access: Access,
    /// Databases on which it may run.
    pub scope: Scope,
}

/// What a command touches, and the function that runs it. The result is the reply's fields, `ok: 1.0` included;
/// `$clusterTime`, labels and write concern errors are added by the server.
#[derive(Clone, Copy)]
pub enum Access {
    /// Nothing that replicates: runs in every state of the member.
    Nothing(fn(&mut ReadAccess<'_>, &Request) -> Result<Document, CommandError>),
    /// Reads at the given point; runs where the read concern and preference allow.
    Read(fn(&mut ReadAccess<'_>, &Request) -> Result<Document, CommandError>),
    /// Writes: on a primary only.
    Write(fn(&mut dyn WriteAccess, &Request) -> Result<Document, CommandError>),
}

/// Databases on which a command may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Any.
    Any,
    /// `admin` only (13 `Unauthorized` elsewhere).
    Admin,
}

/// What a reading command may touch.
pub struct ReadAccess<'a> {
    /// The data.
    pub store: &'a Store,
    /// Where to look.
    pub at: ReadAt,
    /// Open cursors.
    pub cursors: &'a mut CursorTable,
    /// Sessions in use.
    pub sessions: &'a mut LogicalSessions,
    /// Facts about the member for informational commands.
    pub facts: &'a Facts,
    /// The member's oplog.
    pub oplog: &'a mut dyn OplogReader,
    /// How a cursor that is opened goes on.
    pub reading: Reading,
    /// Where majority reads look now.
    pub committed: ReadAt,
}

/// Facts about the member.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// `host:port`.
    pub host: String,
    /// The command line.
    pub arguments: Vec<String>,
    /// Port it listens on.
    pub port: u16,
    /// Name of the set, empty if none.
    pub set_name: String,
    /// Seconds since the process started.
    pub uptime_secs: u64,
    /// Number of the connection that asks.
    pub connection: i32,
    /// Open client connections.
    pub connections: i32,
    /// How many more there may be.
    pub connections_available: i32,
    /// Client connections since the start.
    pub connections_created: i64,
    /// The set's configuration, when `local` is asked for it.
    pub config: Option<Document>,
    /// What the member calls itself, when `local` is asked for it.
    pub me: Option<Document>,
    /// `hello`'s reply, for `serverStatus.repl`.
    pub hello: Document,
    /// Clients may inject failures.
    pub test_commands: bool,
    /// `name=value` of each parameter given at the start.
    pub parameters: Vec<String>,
    /// What was asked since the start.
    pub traffic: Traffic,
    /// Who has logged in over the connection that asks.
    pub who: Option<User>,
    /// Bytes of the oplog on disk, and its cap.
    pub oplog_bytes: u64,
    /// The oplog's cap in bytes.
    pub oplog_cap_bytes: u64,
}

impl Facts {
    /// A limit that a parameter of the start sets.
    #[must_use]
    pub fn limit(&self, name: &str) -> Option<usize> {
        let value = |given: &String| given.strip_prefix(name)?.strip_prefix('=')?.parse().ok();
        self.parameters.iter().find_map(value)
    }
}

/// One effect of a write statement; becomes one oplog entry.
#[derive(Clone, Debug)]
pub enum WriteOp {
    /// A new document, its `_id` first.
    Insert {
        /// `database.collection`.
        ns: String,
        /// It.
        document: RawDocumentBuf,
    },
    /// A document's new whole content.
    Update {
        /// `database.collection`.
        ns: String,
        /// `{_id: …}` of the document.
        id: RawDocumentBuf,
        /// The result.
        document: RawDocumentBuf,
    },
    /// A document goes.
    Delete {
        /// `database.collection`.
        ns: String,
        /// `{_id: …}` of the document.
        id: RawDocumentBuf,
    },
    /// `create`, `drop`, `dropDatabase`, `createIndexes`, `dropIndexes`, `renameCollection` in the oplog's form
    /// (see `storage::entry`).
    Ddl {
        /// The database.
        database: String,
        /// `o` of the entry.
        object: RawDocumentBuf,
    },
}

/// What a writing command may touch. Each `write` happens at once: later statements see it.
pub trait WriteAccess {
    /// The data, newest state.
    fn store(&self) -> &Store;

    /// Writes one statement's effects, in order; the statement's number is its `stmtId` in a retryable write.
    ///
    /// # Errors
    /// When the member is not a writable primary (any more), or the data can't be written.
    fn write(&mut self, statement: i32, writes: Vec<WriteOp>) -> Result<(), CommandError>;

    /// For a retryable write: the recorded result of this statement if it was executed before.
    fn executed(&self, statement: i32) -> Option<Document>;

    /// How far a batch has come in its earlier slices: the command leaves it here when it pauses.
    fn progress(&mut self) -> &mut Progress;

    /// Is it time to let others go first? A long batch pauses then, and goes on where it was.
    fn is_slice_over(&mut self) -> bool;

    /// For a retryable write: records this statement's result, replicated with its entries. Call before `write`. Nobody
    /// asks for the result of any other.
    fn record(&mut self, statement: i32, result: &dyn Fn() -> Document);
}
