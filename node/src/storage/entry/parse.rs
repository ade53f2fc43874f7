//! Reading an entry in one walk over its top level.

use std::sync::Arc;

use bson::{RawBsonRef, RawDocument};
use protocol::optime::OpTime;

use super::build::Session;
use super::command::command_changes;
use super::error::EntryError;
use crate::storage::change::Change;
use crate::storage::key::{id_key, value_key};

/// Kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpKind {
    /// `i`
    Insert,
    /// `u`
    Update,
    /// `d`
    Delete,
    /// `c`
    Command,
    /// `n`
    Noop,
}

impl OpKind {
    /// The letter in the entry.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "i",
            Self::Update => "u",
            Self::Delete => "d",
            Self::Command => "c",
            Self::Noop => "n",
        }
    }

    fn parse(text: &str) -> Result<Self, EntryError> {
        Ok(match text {
            "i" => Self::Insert,
            "u" => Self::Update,
            "d" => Self::Delete,
            "c" => Self::Command,
            "n" => Self::Noop,
            unknown => return Err(EntryError::UnknownOperation(unknown.to_owned())),
        })
    }
}

/// An entry, borrowed from its bytes.
#[derive(Clone, Copy, Debug)]
pub struct OplogEntry<'a> {
    /// Its name.
    pub optime: OpTime,
    /// What kind of operation.
    pub op: OpKind,
    /// `database.collection`, or `database.$cmd`.
    pub ns: &'a str,
    /// Unique id of the collection.
    pub uuid: Option<[u8; 16]>,
    /// `o`.
    pub object: &'a RawDocument,
    /// `o2`.
    pub object2: Option<&'a RawDocument>,
    /// Wall clock of the primary, milliseconds since 1970.
    pub wall_ms: i64,
    /// The retryable write that this entry belongs to.
    pub session: Option<Session<'a>>,
}

impl<'a> OplogEntry<'a> {
    /// Reads an entry. Unknown fields are passed over.
    ///
    /// # Errors
    /// If a needed field is missing or of a wrong type.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EntryError> {
        let mut fields = Fields::default();
        for element in RawDocument::from_bytes(bytes)? {
            let (name, value) = element?;
            fields.note(name.as_str(), value);
        }
        let ts = fields.ts.ok_or(EntryError::Field("ts"))?;
        let session = match (fields.lsid, fields.txn_number) {
            (Some(lsid), Some(txn_number)) => Some(Session {
                lsid,
                txn_number,
                stmt_id: fields.stmt_id.unwrap_or(0),
            }),
            _ => None,
        };
        Ok(Self {
            optime: OpTime::new(fields.term.ok_or(EntryError::Field("t"))?, ts.time, ts.increment),
            op: OpKind::parse(fields.op.ok_or(EntryError::Field("op"))?)?,
            ns: fields.ns.ok_or(EntryError::Field("ns"))?,
            uuid: fields.uuid,
            object: fields.object.ok_or(EntryError::Field("o"))?,
            object2: fields.object2,
            wall_ms: fields.wall_ms.ok_or(EntryError::Field("wall"))?,
            session,
        })
    }

    /// What the entry does to the data. Nothing for a no-op.
    ///
    /// # Errors
    /// If a document has no key, or a command isn't known.
    pub fn changes(&self) -> Result<Vec<Change>, EntryError> {
        let ns = || Arc::<str>::from(self.ns);
        Ok(match self.op {
            OpKind::Noop => Vec::new(),
            OpKind::Insert => vec![Change::insert(&ns(), self.object.as_bytes())?],
            OpKind::Update => {
                // The key is that of `o2`: an update never changes `_id`, but may write it in another type.
                let id = self.object2.ok_or(EntryError::Field("o2"))?;
                vec![Change::Put {
                    ns: ns(),
                    id_key: id_key(id.as_bytes())?,
                    doc: self.object.as_bytes().into(),
                }]
            }
            OpKind::Delete => {
                let id = self.object.get("_id")?.ok_or(EntryError::Field("o._id"))?;
                vec![Change::Delete {
                    ns: ns(),
                    id_key: value_key(id)?,
                }]
            }
            OpKind::Command => command_changes(self.ns, self.uuid, self.object)?,
        })
    }
}

#[derive(Default)]
struct Fields<'a> {
    ts: Option<bson::Timestamp>,
    term: Option<i64>,
    op: Option<&'a str>,
    ns: Option<&'a str>,
    uuid: Option<[u8; 16]>,
    object: Option<&'a RawDocument>,
    object2: Option<&'a RawDocument>,
    wall_ms: Option<i64>,
    lsid: Option<&'a [u8]>,
    txn_number: Option<i64>,
    stmt_id: Option<i32>,
}

impl<'a> Fields<'a> {
    fn note(&mut self, name: &str, value: RawBsonRef<'a>) {
        match (name, value) {
            ("ts", RawBsonRef::Timestamp(ts)) => self.ts = Some(ts),
            ("t", RawBsonRef::Int64(term)) => self.term = Some(term),
            ("op", RawBsonRef::String(op)) => self.op = Some(op),
            ("ns", RawBsonRef::String(ns)) => self.ns = Some(ns),
            ("ui", RawBsonRef::Binary(uuid)) => self.uuid = uuid.bytes.try_into().ok(),
            ("o", RawBsonRef::Document(object)) => self.object = Some(object),
            ("o2", RawBsonRef::Document(object)) => self.object2 = Some(object),
            ("wall", RawBsonRef::DateTime(wall)) => self.wall_ms = Some(wall.timestamp_millis()),
            ("lsid", RawBsonRef::Document(lsid)) => self.lsid = Some(lsid.as_bytes()),
            ("txnNumber", RawBsonRef::Int64(number)) => self.txn_number = Some(number),
            ("stmtId", RawBsonRef::Int32(number)) => self.stmt_id = Some(number),
            _ => {}
        }
    }
}
