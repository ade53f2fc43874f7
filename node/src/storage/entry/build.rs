//! Writing an entry: raw bytes around the document, without a tree of values.

use std::sync::Arc;

use protocol::optime::OpTime;

use super::parse::OpKind;

/// Version of the entry format.
const FORMAT_VERSION: i32 = 2;
/// Bytes of an entry beside `o`, `o2`, `ns` and the session.
const FRAME_BYTES: usize = 96;

const TYPE_DOUBLE_WORD: u8 = 0x12;
const TYPE_STRING: u8 = 0x02;
const TYPE_DOCUMENT: u8 = 0x03;
const TYPE_BINARY: u8 = 0x05;
const TYPE_DATE: u8 = 0x09;
const TYPE_WORD: u8 = 0x10;
const TYPE_TIMESTAMP: u8 = 0x11;
const SUBTYPE_UUID: u8 = 4;

/// What an entry says.
#[derive(Clone, Copy, Debug)]
pub struct EntryParts<'a> {
    /// Its name.
    pub optime: OpTime,
    /// What kind of operation.
    pub op: OpKind,
    /// `database.collection`, `database.$cmd` for commands, empty for a no-op.
    pub ns: &'a str,
    /// Unique id of the collection.
    pub uuid: Option<[u8; 16]>,
    /// BSON bytes of `o`.
    pub object: &'a [u8],
    /// BSON bytes of `o2`.
    pub object2: Option<&'a [u8]>,
    /// Wall clock of the primary, milliseconds since 1970.
    pub wall_ms: i64,
    /// The retryable write that this entry belongs to.
    pub session: Option<Session<'a>>,
}

/// Identity of a retryable write's statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session<'a> {
    /// BSON bytes of the session's id document.
    pub lsid: &'a [u8],
    /// Number of the write in its session.
    pub txn_number: i64,
    /// Number of the statement in the write.
    pub stmt_id: i32,
}

/// The BSON bytes of an entry. `object`, `object2` and `lsid` are copied as they are and must be BSON documents.
#[must_use]
pub fn build(parts: &EntryParts<'_>) -> Arc<[u8]> {
    let mut bytes = Vec::with_capacity(FRAME_BYTES + parts.ns.len() + parts.object.len() + 64);
    bytes.extend_from_slice(&[0; 4]);
    if let Some(session) = parts.session {
        document(&mut bytes, "lsid", session.lsid);
        element(
            &mut bytes,
            TYPE_DOUBLE_WORD,
            "txnNumber",
            &session.txn_number.to_le_bytes(),
        );
    }
    string(&mut bytes, "op", parts.op.as_str());
    string(&mut bytes, "ns", parts.ns);
    if let Some(uuid) = parts.uuid {
        element(&mut bytes, TYPE_BINARY, "ui", &(uuid.len() as i32).to_le_bytes());
        bytes.push(SUBTYPE_UUID);
        bytes.extend_from_slice(&uuid);
    }
    document(&mut bytes, "o", parts.object);
    if let Some(object2) = parts.object2 {
        document(&mut bytes, "o2", object2);
    }
    if let Some(session) = parts.session {
        element(&mut bytes, TYPE_WORD, "stmtId", &session.stmt_id.to_le_bytes());
    }
    let ts = parts.optime.ts;
    element(&mut bytes, TYPE_TIMESTAMP, "ts", &ts.inc.to_le_bytes());
    bytes.extend_from_slice(&ts.secs.to_le_bytes());
    element(
        &mut bytes,
        TYPE_DOUBLE_WORD,
        "t",
        &parts.optime.term.0.to_le_bytes(),
    );
    element(&mut bytes, TYPE_WORD, "v", &FORMAT_VERSION.to_le_bytes());
    element(&mut bytes, TYPE_DATE, "wall", &parts.wall_ms.to_le_bytes());
    bytes.push(0);
    let length = bytes.len() as i32;
    bytes[0..4].copy_from_slice(&length.to_le_bytes());
    bytes.into()
}

fn element(bytes: &mut Vec<u8>, kind: u8, name: &str, value: &[u8]) {
    bytes.push(kind);
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(value);
}

fn document(bytes: &mut Vec<u8>, name: &str, value: &[u8]) {
    element(bytes, TYPE_DOCUMENT, name, value);
}

fn string(bytes: &mut Vec<u8>, name: &str, value: &str) {
    element(bytes, TYPE_STRING, name, &(value.len() as i32 + 1).to_le_bytes());
    bytes.extend_from_slice(value.as_bytes());
    bytes.push(0);
}
