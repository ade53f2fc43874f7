//! Reading an undo journal: which of its records a power loss would take back.

use std::{collections::BTreeMap, ffi::OsString, os::unix::ffi::OsStringExt, path::PathBuf};

use super::shim_layout::undo_format::{
    HEADER_BYTES, Header, KIND_CONTENT, KIND_CREATE, KIND_MAKE_DIRECTORY, KIND_REMOVE_DIRECTORY, KIND_RENAME,
    KIND_SYNC, KIND_UNLINK,
};

/// The records that no sync has covered, in their order.
#[derive(Debug, Default)]
pub(super) struct Uncovered {
    /// Changes of content, by inode.
    pub(super) content: BTreeMap<u64, Vec<OldContent>>,
    /// Changes of names.
    pub(super) names: Vec<OldName>,
}

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

/// Reads a journal. Its last record may be cut short by the process's death: the change had not begun then.
pub(super) fn read(journal: &[u8]) -> Uncovered {
    let records = records(journal);
    let mut covered: BTreeMap<u64, u64> = BTreeMap::new();
    for (_, header, _) in records.iter().filter(|(_, header, _)| header.kind == KIND_SYNC) {
        let position = covered.entry(header.inode).or_default();
        *position = header.position.max(*position);
    }
    let names_covered = covered.values().copied().max().unwrap_or(0);
    let mut uncovered = Uncovered::default();
    for (start, header, payload) in records {
        if header.kind == KIND_CONTENT {
            if start >= covered.get(&header.inode).copied().unwrap_or(0) {
                uncovered
                    .content
                    .entry(header.inode)
                    .or_default()
                    .push(OldContent {
                        offset: header.offset,
                        size_before: header.size_before,
                        bytes: payload.to_vec(),
                    });
            }
        } else if start >= names_covered {
            uncovered.names.extend(old_name(&header, start, payload));
        }
    }
    uncovered
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
    fn a_sync_covers_what_began_before_it_and_no_other_file() {
        let mut journal = Vec::new();
        push(&mut journal, KIND_CONTENT, 1, 0, b"a");
        push(&mut journal, KIND_CONTENT, 2, 0, b"b");
        push(&mut journal, KIND_CREATE, 0, 0, b"/x");
        let begun = journal.len() as u64;
        push(&mut journal, KIND_CONTENT, 1, 0, b"c");
        push(&mut journal, KIND_SYNC, 1, begun, b"");
        push(&mut journal, KIND_CREATE, 0, 0, b"/y");
        let uncovered = read(&journal);
        let bytes = |inode: u64| {
            uncovered.content[&inode]
                .iter()
                .map(|old| old.bytes.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!((bytes(1), bytes(2)), (vec![b"c".to_vec()], vec![b"b".to_vec()]));
        assert_eq!(uncovered.names, vec![OldName::Created("/y".into())]);
    }

    #[test]
    fn a_torn_last_record_is_none() {
        let mut journal = Vec::new();
        push(&mut journal, KIND_CONTENT, 1, 0, b"whole");
        let whole = journal.len();
        push(&mut journal, KIND_CONTENT, 1, 0, b"torn");
        for length in whole..journal.len() {
            assert_eq!(read(&journal[..length]).content[&1].len(), 1, "{length}");
        }
    }

    fn push(journal: &mut Vec<u8>, kind: u64, inode: u64, position: u64, payload: &[u8]) {
        let header = Header {
            kind,
            inode,
            position,
            payload_bytes: payload.len() as u64,
            size_before: 9,
            ..Header::default()
        };
        journal.extend(header.encode());
        journal.extend(payload);
    }
}
