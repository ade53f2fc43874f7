//! Reading the undo journals: which of its records a power loss would take back.

use std::{ffi::OsString, os::unix::ffi::OsStringExt, path::PathBuf};

use super::shim_layout::undo_format::{
    HEADER_BYTES, Header, KIND_CONTENT, KIND_CREATE, KIND_MAKE_DIRECTORY, KIND_REMOVE_DIRECTORY, KIND_RENAME,
    KIND_SYNC, KIND_UNLINK,
};

/// What a range held before a change.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OldContent {
    pub(super) offset: u64,
    pub(super) size_before: u64,
    pub(super) bytes: Vec<u8>,
}

/// A change of names, with what is needed to take it back. `saved`: the record's offset if a file that the
/// change destroyed was saved under it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum OldName {
    Created(PathBuf),
    Renamed {
        from: PathBuf,
        to: PathBuf,
        saved: Option<u64>,
    },
    Unlinked {
        path: PathBuf,
        saved: Option<u64>,
    },
    DirectoryMade(PathBuf),
    DirectoryRemoved(PathBuf),
}

/// Reads the journal of a file's content. Its last record may be cut short by the process's death: the change
/// had not begun then.
pub(super) fn read_content(journal: &[u8]) -> Vec<OldContent> {
    let content = uncovered(journal)
        .into_iter()
        .filter(|(_, header, _)| header.kind == KIND_CONTENT);
    content
        .map(|(_, header, payload)| OldContent {
            offset: header.offset,
            size_before: header.size_before,
            bytes: payload.to_vec(),
        })
        .collect()
}

/// Reads the journal of names.
pub(super) fn read_names(journal: &[u8]) -> Vec<OldName> {
    uncovered(journal)
        .into_iter()
        .filter_map(|(start, header, payload)| old_name(&header, start, payload))
        .collect()
}

/// The records that no sync has covered, in their order.
fn uncovered(journal: &[u8]) -> Vec<(u64, Header, &[u8])> {
    let mut records = records(journal);
    let syncs = records.iter().filter(|(_, header, _)| header.kind == KIND_SYNC);
    let covered = syncs.map(|(_, header, _)| header.position).max().unwrap_or(0);
    records.retain(|(start, _, _)| *start >= covered);
    records
}

fn records(mut journal: &[u8]) -> Vec<(u64, Header, &[u8])> {
    let mut records = Vec::new();
    let mut start = 0;
    while let Some((head, rest)) = journal.split_first_chunk::<HEADER_BYTES>() {
        let Some(header) = Header::decode(head) else { break };
        let Some((payload, next)) = rest.split_at_checked(header.payload_bytes as usize) else {
            break;
        };
        records.push((start, header, payload));
        start += HEADER_BYTES as u64 + header.payload_bytes;
        journal = next;
    }
    records
}

fn old_name(header: &Header, start: u64, payload: &[u8]) -> Option<OldName> {
    let path = |bytes: &[u8]| PathBuf::from(OsString::from_vec(bytes.to_vec()));
    let saved = (header.position == 1).then_some(start);
    match header.kind {
        KIND_CREATE => Some(OldName::Created(path(payload))),
        KIND_UNLINK => Some(OldName::Unlinked {
            path: path(payload),
            saved,
        }),
        KIND_MAKE_DIRECTORY => Some(OldName::DirectoryMade(path(payload))),
        KIND_REMOVE_DIRECTORY => Some(OldName::DirectoryRemoved(path(payload))),
        KIND_RENAME => {
            let middle = payload.iter().position(|byte| *byte == 0)?;
            Some(OldName::Renamed {
                from: path(&payload[..middle]),
                to: path(&payload[middle + 1..]),
                saved,
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_covers_what_began_before_it() {
        let mut journal = Vec::new();
        push(&mut journal, KIND_CONTENT, 0, b"a");
        push(&mut journal, KIND_CONTENT, 0, b"b");
        let begun = journal.len() as u64;
        push(&mut journal, KIND_CONTENT, 0, b"c");
        push(&mut journal, KIND_SYNC, begun, b"");
        push(&mut journal, KIND_CONTENT, 0, b"d");
        let bytes: Vec<Vec<u8>> = read_content(&journal).into_iter().map(|old| old.bytes).collect();
        assert_eq!(bytes, [b"c", b"d"]);
    }

    #[test]
    fn names_are_read_with_what_was_saved() {
        let mut journal = Vec::new();
        push(&mut journal, KIND_CREATE, 0, b"/x");
        let start = journal.len() as u64;
        push(&mut journal, KIND_RENAME, 1, b"/x\0/y");
        let renamed = OldName::Renamed {
            from: "/x".into(),
            to: "/y".into(),
            saved: Some(start),
        };
        assert_eq!(read_names(&journal), [OldName::Created("/x".into()), renamed]);
    }

    #[test]
    fn a_torn_last_record_is_none() {
        let mut journal = Vec::new();
        push(&mut journal, KIND_CONTENT, 0, b"whole");
        let whole = journal.len();
        push(&mut journal, KIND_CONTENT, 0, b"torn");
        for length in whole..journal.len() {
            assert_eq!(read_content(&journal[..length]).len(), 1, "{length}");
        }
    }

    fn push(journal: &mut Vec<u8>, kind: u64, position: u64, payload: &[u8]) {
        let header = Header {
            kind,
            position,
            payload_bytes: payload.len() as u64,
            size_before: 9,
            ..Header::default()
        };
        journal.extend(header.encode());
        journal.extend(payload);
    }
}
