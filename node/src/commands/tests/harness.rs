//! One member without replication: writes become oplog entries, entries become changes of the store.

use std::sync::Arc;

use bson::{Document, RawDocumentBuf, Timestamp};
use protocol::optime::OpTime;

use crate::commands::{
    Access, CommandError, CursorTable, Facts, LogicalSessions, OplogReader, Progress, ReadAccess, Reading,
    WriteAccess, WriteOp, command_for, session_of,
};
use crate::storage::entry::{EntryParts, OpKind, OplogEntry, build};
use crate::storage::store::{MemoryEngine, ReadAt, Store};
use crate::wire::{Request, encode_message, parse_request};

pub(super) struct Member {
    pub(super) store: Store,
    pub(super) cursors: CursorTable,
    /// Results of statements, as a retry of the last command would find them.
    pub(super) recorded: Vec<(i32, Document)>,
    pub(super) is_retry: bool,
    /// Where a batch has paused.
    pub(super) progress: Progress,
    /// A batch pauses after each statement.
    pub(super) slices: bool,
    pub(super) oplog: Oplog,
    pub(super) facts: Facts,
    pub(super) sessions: LogicalSessions,
}

impl Member {
    pub(super) fn new() -> Self {
        Self {
            store: Store::with_engine(Arc::new(MemoryEngine::default())).expect("an empty engine opens"),
            cursors: CursorTable::default(),
            recorded: Vec::new(),
            is_retry: false,
            progress: Progress::default(),
            slices: false,
            oplog: Oplog(Vec::new(), None),
            facts: Facts::default(),
            sessions: LogicalSessions::new(None),
        }
    }

    /// Runs a command; `ok` is taken off the reply.
    pub(super) fn try_command(
        &mut self,
        database: &str,
        command: Document,
    ) -> Result<Document, CommandError> {
        let mut reply = self.try_request(&request(database, command))?;
        assert_eq!(reply.remove("ok"), Some(bson::Bson::Double(1.0)), "{reply}");
        Ok(reply)
    }

    /// Runs whatever has come over the wire.
    pub(super) fn try_request(&mut self, request: &Request) -> Result<Document, CommandError> {
        let Some(command) = command_for(request) else {
            return Err(CommandError::new(59, "no such command"));
        };
        match command.access {
            Access::Nothing(run) | Access::Read(run) => {
                self.cursors.open_for(session_of(request));
                let mut access = ReadAccess {
                    store: &self.store,
                    at: ReadAt::Latest,
                    cursors: &mut self.cursors,
                    sessions: &mut self.sessions,
                    facts: &self.facts,
                    oplog: &mut self.oplog,
                    reading: Reading::Latest,
                    committed: ReadAt::Latest,
                };
                run(&mut access, request)
            }
            Access::Write(run) => {
                let mut reply = run(self, request)?;
                while self.progress.is_paused() {
                    reply = run(self, request)?;
                }
                Ok(reply)
            }
        }
    }

    /// The reply of a command on database `d` that must succeed.
    pub(super) fn command(&mut self, command: Document) -> Document {
        self.command_on("d", command)
    }

    pub(super) fn command_on(&mut self, database: &str, command: Document) -> Document {
        self.try_command(database, command.clone())
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// The code of a command that must fail.
    pub(super) fn code(&mut self, command: Document) -> i32 {
        match self.try_command("d", command.clone()) {
            Err(error) => error.code.number(),
            Ok(reply) => panic!("{command} must fail: {reply}"),
        }
    }

    pub(super) fn insert(&mut self, documents: Vec<Document>) {
        let count = documents.len() as i32;
        let reply = self.command(bson::doc! { "insert": "c", "documents": documents });
        assert_eq!(reply, bson::doc! { "n": count });
    }

    /// The whole content of a query.
    pub(super) fn find(&mut self, find: Document) -> Vec<Document> {
        let mut command = bson::doc! { "find": "c" };
        command.extend(find);
        command.insert("batchSize", 10_000);
        let reply = self.command(command);
        documents(&reply, "firstBatch")
    }

    /// Oplog entries so far.
    pub(super) fn entries(&self) -> usize {
        self.oplog.0.len()
    }
}

impl WriteAccess for Member {
    fn store(&self) -> &Store {
        &self.store
    }

    fn write(&mut self, _: i32, writes: Vec<WriteOp>) -> Result<(), CommandError> {
        for write in &writes {
            let optime = OpTime::new(1, 1, self.oplog.0.len() as u32 + 1);
            let bytes = entry(optime, write);
            let changes = OplogEntry::parse(&bytes)
                .and_then(|entry| entry.changes())
                .expect("our own entry");
            self.store
                .apply(optime, &changes)
                .expect("a planned change applies");
            self.oplog.0.push(bytes);
        }
        Ok(())
    }

    fn executed(&self, statement: i32) -> Option<Document> {
        let recorded = self
            .recorded
            .iter()
            .find(|(number, _)| *number == statement && self.is_retry);
        recorded.map(|(_, result)| result.clone())
    }

    fn progress(&mut self) -> &mut Progress {
        &mut self.progress
    }

    fn is_slice_over(&mut self) -> bool {
        self.slices
    }

    fn record(&mut self, statement: i32, result: &dyn Fn() -> Document) {
        self.recorded.push((statement, result()));
    }
}

/// The entries in a vector.
pub(super) struct Oplog(pub(super) Vec<Arc<[u8]>>, pub(super) Option<Timestamp>);

impl OplogReader for Oplog {
    fn entries_from(&mut self, from: Timestamp, max: usize) -> Result<Vec<Arc<[u8]>>, CommandError> {
        let start = (from.increment.max(1) - 1) as usize;
        Ok(self.0.iter().skip(start).take(max).cloned().collect())
    }

    fn entries(&self) -> u64 {
        self.0.len() as u64
    }

    fn dropped(&self) -> Option<Timestamp> {
        self.1
    }

    fn newest(&self) -> Option<Timestamp> {
        let increment = self.0.len() as u32;
        (increment > 0).then_some(Timestamp { time: 1, increment })
    }
}

/// The documents of a cursor reply.
pub(super) fn documents(reply: &Document, batch: &str) -> Vec<Document> {
    let cursor = reply.get_document("cursor").expect("a cursor");
    let batch = cursor.get_array(batch).expect("a batch");
    batch
        .iter()
        .map(|document| document.as_document().expect("a document").clone())
        .collect()
}

fn entry(optime: OpTime, write: &WriteOp) -> Arc<[u8]> {
    let (op, ns, object, object2) = match write {
        WriteOp::Insert { ns, document } => (OpKind::Insert, ns.clone(), document, None),
        WriteOp::Update { ns, id, document } => (OpKind::Update, ns.clone(), document, Some(id)),
        WriteOp::Delete { ns, id } => (OpKind::Delete, ns.clone(), id, None),
        WriteOp::Ddl { database, object } => (OpKind::Command, format!("{database}.$cmd"), object, None),
    };
    build(&EntryParts {
        optime,
        op,
        ns: &ns,
        uuid: None,
        object: object.as_bytes(),
        object2: object2.map(|object| object.as_bytes()),
        wall_ms: 0,
        session: None,
    })
}

/// The command as it comes out of the wire.
fn request(database: &str, command: Document) -> Request {
    parse_request(&message(database, command)).expect("our own message")
}

/// The command as a client sends it.
pub(super) fn message(database: &str, mut command: Document) -> Vec<u8> {
    command.insert("$db", database);
    let body = RawDocumentBuf::try_from(&command).expect("encodes");
    let mut bytes = Vec::new();
    encode_message(&mut bytes, 1, 0, &body, false);
    bytes
}
