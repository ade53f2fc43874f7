//! Segment files: names and the header.
//!
//! `<dbpath>/oplog/` holds `seg-<number>.log` (the log, in rising numbers without a gap), `free-<number>.log`
//! (retired) and `spare-<number>.log` (zero-filled), both to be used next, and `*.tmp` (being made; removed at
//! start). Overwriting blocks that are already written makes `fdatasync` 40 % cheaper than growing a file.

use std::path::{Path, PathBuf};

use super::error::LogError;

/// Bytes before the first record.
pub(super) const SEGMENT_HEADER_BYTES: usize = 64;
/// Folder of the segments inside a data directory.
pub(super) const LOG_DIRECTORY: &str = "oplog";

const MAGIC: [u8; 8] = *b"NODELOG1";

/// Rising number of a segment, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SegmentNumber(pub(super) u64);

impl SegmentNumber {
    pub(super) fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A number drawn anew each time a file begins a life as a segment; without it a recycled file's old records
/// would look like records after a torn one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Salt(pub(super) u64);

impl Salt {
    /// A fresh salt. It decides nothing but checksums, so it needs no seed.
    pub(super) fn fresh(number: SegmentNumber) -> Self {
        use std::hash::{BuildHasher as _, RandomState};
        Self(RandomState::new().hash_one(number.0))
    }

    pub(super) fn checksum_seed(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Never all zero, so that zeros are never a record.
    pub(super) fn tag(self) -> [u8; 3] {
        let [a, b, c, ..] = self.0.to_le_bytes();
        [a | 1, b, c]
    }
}

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub(super) number: SegmentNumber,
    pub(super) salt: Salt,
    /// Size of the file in bytes.
    pub(super) bytes: u64,
}

impl SegmentHeader {
    pub(super) fn encode(self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..16].copy_from_slice(&self.number.0.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.salt.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.bytes.to_le_bytes());
        let crc = crc32fast::hash(&bytes[0..32]);
        bytes[32..36].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads and checks the header of the file at `path`, named `number`.
    pub(super) fn decode(path: &Path, number: SegmentNumber, bytes: &[u8]) -> Result<Self, LogError> {
        let refuse = |reason: &str| LogError::corrupt(path, 0, reason);
        let header: &[u8; SEGMENT_HEADER_BYTES] = bytes
            .first_chunk()
            .ok_or_else(|| refuse("the segment's header is cut off"))?;
        let word = |at: usize| {
            u64::from_le_bytes(
                header[at..at + 8]
                    .try_into()
                    .expect("eight bytes of a fixed array"),
            )
        };
        if header[0..8] != MAGIC {
            return Err(refuse("not a segment of this log (wrong magic)"));
        }
        if header[32..36] != crc32fast::hash(&header[0..32]).to_le_bytes() {
            return Err(refuse("the segment's header has a wrong checksum"));
        }
        let found = Self {
            number: SegmentNumber(word(8)),
            salt: Salt(word(16)),
            bytes: word(24),
        };
        if found.number != number {
            return Err(refuse("the segment's header has another number than its name"));
        }
        Ok(found)
    }
}

/// Path of the segment `number` in the log's folder.
pub(super) fn segment_path(directory: &Path, number: SegmentNumber) -> PathBuf {
    directory.join(format!("seg-{:016x}.log", number.0))
}

/// Path of a zero-filled file that waits to become a segment.
pub(super) fn spare_path(directory: &Path, number: SegmentNumber) -> PathBuf {
    directory.join(format!("spare-{:016x}.log", number.0))
}

/// Path of a retired segment that waits to become another one.
pub(super) fn free_path(directory: &Path, number: SegmentNumber) -> PathBuf {
    directory.join(format!("free-{:016x}.log", number.0))
}

/// The number in a file name of the given prefix (`seg-` or `free-`).
pub(super) fn number_in_name(name: &str, prefix: &str) -> Option<SegmentNumber> {
    let digits = name.strip_prefix(prefix)?.strip_suffix(".log")?;
    (digits.len() == 16).then_some(())?;
    u64::from_str_radix(digits, 16).ok().map(SegmentNumber)
}
