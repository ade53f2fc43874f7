//! A message between members as a wire command: `{_replSetMessage: 1, set: …, message: binary}`, with the
//! documents of fetched entries as a document sequence beside it.

use std::sync::Arc;

use bson::spec::BinarySubtype;
use bson::{Binary, RawDocumentBuf, rawdoc};
use protocol::message::{Body, Message};

use crate::wire::{Request, append_checksum};

/// Name of the internal command.
pub const PEER_COMMAND: &str = "_replSetMessage";
/// Name of the document sequence.
const ENTRIES: &str = "entries";

/// A message and the documents that travel with it.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The message.
    pub message: Message,
    /// For a fetch response: the entry documents, one for each of its optimes.
    pub entries: Vec<Arc<[u8]>>,
    /// The sender's address in its own configuration; empty when it is in none. An id alone does not name a member
    /// for ever: it may be another's after two reconfigurations.
    pub host: String,
}

/// A message from another member that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The command document lacks a field.
    #[error("a member's message lacks its field {0}")]
    Missing(&'static str),
    /// The message itself is garbage, or of another version.
    #[error("a member's message can't be decoded: {0}")]
    Garbage(#[from] postcard::Error),
    /// Optimes and documents do not match.
    #[error("a fetch response names {named} entries but carries {carried}")]
    Mismatch {
        /// Number of optimes.
        named: usize,
        /// Number of documents.
        carried: usize,
    },
    /// It is from a member of another set.
    #[error("a message from a member of the set {0:?}")]
    OtherSet(String),
}

/// Appends the parcel as one `OP_MSG` that wants no reply. It carries a checksum, as messages between MongoDB's members
/// do: TCP's own is weak, and what a member believes another one has said decides what is committed.
pub fn encode(out: &mut Vec<u8>, set_name: &str, parcel: &Parcel) -> Result<(), CodecError> {
    const FLAGS_CHECKSUM_AND_MORE_TO_COME: u32 = 1 | 2;
    const CHECKSUM_BYTES: usize = 4;
    const OP_MSG: i32 = 2013;
    let bytes = postcard::to_stdvec(&parcel.message)?;
    let binary = Binary {
        subtype: BinarySubtype::Generic,
        bytes,
    };
    let body = rawdoc! {
        "_replSetMessage": 1, "set": set_name, "host": parcel.host.as_str(), "message": binary, "$db": "admin",
    };
    let start = out.len();
    for word in [0, 0, 0, OP_MSG] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&FLAGS_CHECKSUM_AND_MORE_TO_COME.to_le_bytes());
    out.push(0);
    out.extend_from_slice(body.as_bytes());
    if !parcel.entries.is_empty() {
        out.push(1);
        let section = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(ENTRIES.as_bytes());
        out.push(0);
        for entry in &parcel.entries {
            out.extend_from_slice(entry);
        }
        patch(out, section, 0);
    }
    patch(out, start, CHECKSUM_BYTES);
    append_checksum(out, start);
    Ok(())
}

/// Writes the length of what began at `start`, with the `more` bytes that are to follow.
fn patch(out: &mut [u8], start: usize, more: usize) {
    let length = i32::try_from(out.len() - start + more).unwrap_or(i32::MAX);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

/// Reads a parcel out of a request named [`PEER_COMMAND`].
///
/// # Errors
/// When it is garbage, of another set, or its documents do not match its optimes.
pub fn decode(request: Request, set_name: &str) -> Result<Parcel, CodecError> {
    let set = request
        .body
        .get_str("set")
        .map_err(|_| CodecError::Missing("set"))?;
    if set != set_name {
        return Err(CodecError::OtherSet(set.to_owned()));
    }
    let binary = request
        .body
        .get_binary("message")
        .map_err(|_| CodecError::Missing("message"))?;
    let message: Message = postcard::from_bytes(binary.bytes)?;
    let host = request.body.get_str("host").unwrap_or_default().to_owned();
    let entries: Vec<Arc<[u8]>> = request
        .sequences
        .into_iter()
        .filter(|(name, _)| name == ENTRIES)
        .flat_map(|(_, documents)| documents)
        .map(|document: RawDocumentBuf| Arc::from(document.into_bytes()))
        .collect();
    if let Body::FetchResponse { entries: named, .. } = &message.body
        && named.len() != entries.len()
    {
        return Err(CodecError::Mismatch {
            named: named.len(),
            carried: entries.len(),
        });
    }
    Ok(Parcel {
        message,
        entries,
        host,
    })
}

#[cfg(test)]
mod tests {
    use protocol::config::MemberId;
    use protocol::optime::{OpTime, Term};

    use super::*;
    use crate::wire::parse_request;

    #[test]
    fn a_parcel_survives_the_wire() {
        let parcel = fetched(1);
        let request = sent(&parcel);
        let back = decode(request, "rs0").unwrap();
        assert_eq!(back.message, parcel.message);
        assert_eq!(back.entries, parcel.entries);
        assert_eq!(back.host, parcel.host);
    }

    /// Behind the length, which the reader of frames needs before it has the rest.
    #[test]
    fn no_single_bit_turns_over_unnoticed() {
        let mut bytes = Vec::new();
        encode(&mut bytes, "rs0", &fetched(2)).unwrap();
        for place in 4..bytes.len() {
            for bit in 0..8 {
                bytes[place] ^= 1 << bit;
                assert!(parse_request(&bytes).is_err(), "bit {bit} of byte {place}");
                bytes[place] ^= 1 << bit;
            }
        }
        assert!(parse_request(&bytes).is_ok());
    }

    #[test]
    fn another_sets_member_is_not_heard() {
        assert!(matches!(
            decode(sent(&fetched(1)), "rs1"),
            Err(CodecError::OtherSet(_))
        ));
    }

    #[test]
    fn documents_must_match_optimes() {
        let mut parcel = fetched(1);
        parcel.entries.clear();
        assert!(matches!(
            decode(sent(&parcel), "rs0"),
            Err(CodecError::Mismatch { named: 1, carried: 0 })
        ));
    }

    #[test]
    fn garbage_is_an_error() {
        let mut request = sent(&fetched(1));
        let binary = Binary {
            subtype: BinarySubtype::Generic,
            bytes: vec![255; 40],
        };
        request.body =
            rawdoc! { "_replSetMessage": 1, "set": "rs0", "message": binary, "$db": "admin" }.into();
        assert!(matches!(decode(request, "rs0"), Err(CodecError::Garbage(_))));
    }

    fn fetched(count: u32) -> Parcel {
        let entries = (1..=count).map(|inc| OpTime::new(1, 1, inc)).collect();
        Parcel {
            message: Message {
                from: MemberId(1),
                to: MemberId(2),
                term: Term(1),
                body: Body::FetchResponse {
                    after: OpTime::NULL,
                    found: true,
                    entries,
                    commit_point: OpTime::NULL,
                    newest: OpTime::new(1, 1, count),
                    dropped: OpTime::NULL,
                    sync_source: None,
                },
            },
            host: "h:1".to_owned(),
            entries: (0..count)
                .map(|_| Arc::from(rawdoc! { "op": "n" }.into_bytes()))
                .collect(),
        }
    }

    fn sent(parcel: &Parcel) -> Request {
        let mut bytes = Vec::new();
        encode(&mut bytes, "rs0", parcel).unwrap();
        parse_request(&bytes).unwrap()
    }
}
