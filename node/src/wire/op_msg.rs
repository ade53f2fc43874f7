//! `OP_MSG`: flags, then sections, then perhaps a checksum.

use bson::{RawBsonRef, RawDocumentBuf};

use super::checksum::crc32c;
use super::document::validate_document;
use super::error::WireError;
use super::header::Header;
use super::limits::SEQUENCES_MAX;
use super::request::{Request, RequestKind};

const FLAG_CHECKSUM: u32 = 1;
/// Set on a request: no reply is wanted. Set on a reply: another reply follows by itself.
pub(super) const FLAG_MORE_TO_COME: u32 = 1 << 1;
const FLAG_EXHAUST_ALLOWED: u32 = 1 << 16;
/// Bits that a receiver must know; unknown ones above may be ignored.
const FLAGS_REQUIRED: u32 = 0xffff;
const SECTION_BODY: u8 = 0;
const SECTION_SEQUENCE: u8 = 1;
const CHECKSUM_BYTES: usize = 4;

/// Reads a whole `OP_MSG`, header included.
pub(super) fn parse(id: i32, message: &[u8]) -> Result<Request, WireError> {
    let flags = message[Header::BYTES..]
        .first_chunk::<4>()
        .map(|chunk| u32::from_le_bytes(*chunk))
        .ok_or(WireError::Malformed("message ends inside its flags"))?;
    if flags & FLAGS_REQUIRED & !(FLAG_CHECKSUM | FLAG_MORE_TO_COME) != 0 {
        return Err(WireError::IllegalFlags(flags));
    }
    let (body, sequences) = parse_sections(sections(message, flags)?)?;
    let name = first_key(&body)?;
    let database = match body.get("$db") {
        Ok(Some(RawBsonRef::String(database))) => database.to_owned(),
        _ => return Err(WireError::DatabaseMissing),
    };
    Ok(Request {
        id,
        kind: RequestKind::Msg,
        database,
        name,
        body: body.into(),
        sequences,
        more_to_come: flags & FLAG_MORE_TO_COME != 0,
        exhaust_allowed: flags & FLAG_EXHAUST_ALLOWED != 0,
    })
}

/// The name of the first field of a command document.
pub(super) fn first_key(body: &RawDocumentBuf) -> Result<String, WireError> {
    match body.iter().next() {
        Some(Ok((key, _))) => Ok(key.as_str().to_owned()),
        _ => Err(WireError::NameMissing),
    }
}

/// The bytes between flags and checksum, the checksum checked.
fn sections(message: &[u8], flags: u32) -> Result<&[u8], WireError> {
    let rest = &message[Header::BYTES + 4..];
    if flags & FLAG_CHECKSUM == 0 {
        return Ok(rest);
    }
    let (content, checksum) = rest
        .split_last_chunk::<CHECKSUM_BYTES>()
        .ok_or(WireError::Malformed("checksum is missing"))?;
    if crc32c(&message[..message.len() - CHECKSUM_BYTES]) != u32::from_le_bytes(*checksum) {
        return Err(WireError::ChecksumMismatch);
    }
    Ok(content)
}

type Sequence = (String, Vec<RawDocumentBuf>);
type Sections = (RawDocumentBuf, Vec<Sequence>);

fn parse_sections(mut rest: &[u8]) -> Result<Sections, WireError> {
    let mut body: Option<RawDocumentBuf> = None;
    let mut sequences: Vec<Sequence> = Vec::new();
    while let Some((kind, after)) = rest.split_first() {
        match *kind {
            SECTION_BODY => {
                if body.is_some() {
                    return Err(WireError::SecondBody);
                }
                let (document, after) = take_document(after)?;
                body = Some(document);
                rest = after;
            }
            SECTION_SEQUENCE => {
                if sequences.len() == SEQUENCES_MAX {
                    return Err(WireError::TooManySequences);
                }
                let (sequence, after) = take_sequence(after)?;
                if sequences.iter().any(|(name, _)| *name == sequence.0) {
                    return Err(WireError::DuplicateSequence(sequence.0));
                }
                sequences.push(sequence);
                rest = after;
            }
            unknown => return Err(WireError::UnknownSection(unknown)),
        }
    }
    let body = body.ok_or(WireError::BodyMissing)?;
    for (name, _) in &sequences {
        if body.get(name).is_ok_and(|field| field.is_some()) {
            return Err(WireError::DuplicateSequence(name.clone()));
        }
    }
    Ok((body, sequences))
}

/// Takes `int32 size, cstring name, documents`; the size counts itself.
fn take_sequence(bytes: &[u8]) -> Result<(Sequence, &[u8]), WireError> {
    let size = bytes
        .first_chunk::<4>()
        .and_then(|chunk| usize::try_from(i32::from_le_bytes(*chunk)).ok())
        .filter(|size| (5..=bytes.len()).contains(size))
        .ok_or(WireError::Malformed("document sequence does not fit its message"))?;
    let content = &bytes[4..size];
    let end = content
        .iter()
        .position(|byte| *byte == 0)
        .ok_or(WireError::Malformed("document sequence has no name"))?;
    let name = std::str::from_utf8(&content[..end])
        .map_err(|_| WireError::Malformed("document sequence has no readable name"))?;
    let mut documents = Vec::new();
    let mut rest = &content[end + 1..];
    while !rest.is_empty() {
        let (document, after) = take_document(rest)?;
        documents.push(document);
        rest = after;
    }
    Ok(((name.to_owned(), documents), &bytes[size..]))
}

/// Validates and copies the document at the start of `bytes`, and gives what follows it.
pub(super) fn take_document(bytes: &[u8]) -> Result<(RawDocumentBuf, &[u8]), WireError> {
    let length = validate_document(bytes)?;
    let (document, rest) = bytes.split_at(length);
    let document = RawDocumentBuf::from_bytes(document.to_vec())
        .map_err(|_| WireError::InvalidDocument("unreadable document"))?;
    Ok((document, rest))
}
