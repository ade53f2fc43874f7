//! The undo journal's records: how to take back what a power loss would have lost.
//!
//! There is one journal for names and one per file (inode) for its content, so that a file that is never
//! synced does not keep the records of all others. A journal is a file of records, in the order in which their
//! changes began; a record is a header of eight little-endian words and a payload. A record is *covered*
//! (durable, not to be undone) if a later sync record of its journal says so: changes of content by a sync of
//! the same inode, changes of names by a sync of any file of the scope, since ext4 and XFS commit their one
//! metadata journal in order. A sync covers what began before it began, no more: a write that overlaps it may
//! be lost, as on a real disk. A journal all of whose records are covered is emptied.

/// Name of the journal of names inside the undo directory.
pub const NAMES_JOURNAL: &str = "names";

/// The journal of a file's content has this prefix and the inode's number as its name.
pub const CONTENT_PREFIX: &str = "content-";

/// Files that were unlinked or replaced are kept in the undo directory under this prefix and the offset of
/// their record in the journal of names.
pub const SAVED_PREFIX: &str = "saved-";

/// Bytes of a header.
pub const HEADER_BYTES: usize = 64;

/// First word of a header.
pub const RECORD_MAGIC: u64 = u64::from_le_bytes(*b"chkundo1");

/// Old bytes in the payload, at `offset` of `inode`, whose size was `size_before`.
pub const KIND_CONTENT: u64 = 1;
/// A sync succeeded; it covers the records of this journal that start before `position`.
pub const KIND_SYNC: u64 = 2;
/// A file is made; the payload is its path.
pub const KIND_CREATE: u64 = 3;
/// A file is renamed; the payload is both paths, with a zero byte between them. `position` is 1 if a file
/// was replaced and saved.
pub const KIND_RENAME: u64 = 4;
/// A file is unlinked; the payload is its path. `position` is 1 if it was saved.
pub const KIND_UNLINK: u64 = 5;
/// A directory is made; the payload is its path.
pub const KIND_MAKE_DIRECTORY: u64 = 6;
/// A directory is removed; the payload is its path.
pub const KIND_REMOVE_DIRECTORY: u64 = 7;

/// A record's header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// One of `KIND_*`.
    pub kind: u64,
    /// The file, by inode number (the scope lies on one file system).
    pub inode: u64,
    /// Where the old bytes belong.
    pub offset: u64,
    /// The file's size before the change.
    pub size_before: u64,
    /// Bytes of payload that follow.
    pub payload_bytes: u64,
    /// See the kinds.
    pub position: u64,
}

impl Header {
    /// As stored.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let words = [
            RECORD_MAGIC,
            self.kind,
            self.inode,
            self.offset,
            self.size_before,
            self.payload_bytes,
            self.position,
            0,
        ];
        let mut bytes = [0; HEADER_BYTES];
        for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// From its stored form; nothing if it is none.
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let word = |index: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&bytes[index * 8..index * 8 + 8]);
            u64::from_le_bytes(word)
        };
        (word(0) == RECORD_MAGIC).then(|| Self {
            kind: word(1),
            inode: word(2),
            offset: word(3),
            size_before: word(4),
            payload_bytes: word(5),
            position: word(6),
        })
    }
}
