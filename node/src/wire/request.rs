//! What a client asks, taken out of its message.

use bson::{Bson, Document, RawArrayBuf, RawDocumentBuf};

use super::body::Body;
use super::error::WireError;
use super::header::{Header, Opcode};
use super::{op_msg, op_query};

/// Which of the two message forms a request came in; the reply must have the same form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestKind {
    /// `OP_MSG`.
    Msg,
    /// `OP_QUERY`, answered with `OP_REPLY`.
    Query,
}

/// One command of a client. All documents in it were validated.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    /// The client's number for the message: `responseTo` of the reply.
    pub id: i32,
    /// The form of the message.
    pub kind: RequestKind,
    /// The database (`$db`, or the namespace of a legacy query).
    pub database: String,
    /// The command: the first key of the body.
    pub name: String,
    /// The command document.
    pub body: Body,
    /// Document sequences (section kind 1): arguments that are arrays of documents.
    pub sequences: Vec<(String, Vec<RawDocumentBuf>)>,
    /// The client expects no reply (`w: 0`, `endSessions` of a closing client).
    pub more_to_come: bool,
    /// The server may send more than one reply (hello and cursors in streaming form).
    pub exhaust_allowed: bool,
}

impl Request {
    /// The body with the document sequences put in as arrays: for commands where an owned tree may cost.
    pub fn to_document(&self) -> Result<Document, WireError> {
        self.to_document_without(|_| false)
    }

    /// The same without the fields whose names `is_left_out` says yes to; the first, which names the command, stays.
    pub fn to_document_without(&self, is_left_out: impl Fn(&str) -> bool) -> Result<Document, WireError> {
        let mut document = Document::new();
        for element in &*self.body {
            let (name, value) = element.map_err(|_| WireError::InvalidDocument("unreadable body"))?;
            if document.is_empty() || !is_left_out(name.as_str()) {
                let value =
                    Bson::try_from(value).map_err(|_| WireError::InvalidDocument("unreadable body"))?;
                document.insert(name.as_str(), value);
            }
        }
        for (name, documents) in self.sequences.iter().filter(|(name, _)| !is_left_out(name)) {
            let array: RawArrayBuf = documents.iter().cloned().collect();
            let values = Vec::<bson::Bson>::try_from(array.as_ref())
                .map_err(|_| WireError::InvalidDocument("unreadable sequence"))?;
            document.insert(name.clone(), values);
        }
        Ok(document)
    }
}

/// Reads one whole message, header included, as [`super::FrameBuffer::next_frame`] gives it.
pub fn parse_request(frame: &[u8]) -> Result<Request, WireError> {
    let header = Header::parse(frame)?.ok_or(WireError::Malformed("message ends inside its header"))?;
    let bytes = frame
        .get(..header.length)
        .ok_or(WireError::Malformed("message is cut off"))?;
    match header.opcode {
        opcode if opcode == Opcode::Msg as i32 => op_msg::parse(header.request_id, bytes),
        opcode if opcode == Opcode::Query as i32 => op_query::parse(header.request_id, bytes),
        opcode => Err(WireError::UnsupportedOpcode(opcode)),
    }
}
