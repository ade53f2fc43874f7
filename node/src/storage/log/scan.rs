//! Reading one segment from its start, and telling a torn tail from decay.
//!
//! A batch of records is one write, and a power cut may keep any of its pages: a bad record may well be followed
//! by good ones of the *same* batch. So the rule of R-97 ("a bad record in the middle is fatal") reads here: a
//! bad record at offset `p` is decay if some later valid record's batch began after `p`, because that batch was
//! written only after everything before it was synced. Otherwise the write at `p` was never acknowledged, and
//! the tail from `p` on is cut:
//!
//! ```text
//!   [A B C] synced, [D E F] torn in E          → cut at E (F is of the same batch)
//!   [A B C] synced, [D E F] synced, B decayed  → corrupt at B (D's batch began after B)
//! ```

use std::path::Path;

use super::error::LogError;
use super::record::{ALIGNMENT, Kind, Record, decode};
use super::segment::{SEGMENT_HEADER_BYTES, SegmentHeader};

/// How a segment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With an end record: the next segment continues.
    Closed,
    /// With zeros or leftovers from this offset on.
    Open {
        /// Offset of the first byte that is no record.
        offset: usize,
        /// Whether something other than zeros follows: a torn write, or a recycled file's leftovers.
        dirty: bool,
    },
}

/// Calls `visit(offset, record)` for each record of a segment in order, and says how the segment ends.
pub(super) fn scan(
    path: &Path,
    bytes: &[u8],
    header: SegmentHeader,
    mut visit: impl FnMut(usize, &Record<'_>) -> Result<(), LogError>,
) -> Result<Ending, LogError> {
    let mut offset = SEGMENT_HEADER_BYTES;
    let mut batch_start = 0;
    while let Some(record) = decode(bytes, offset, header.salt) {
        if record.batch_start < batch_start {
            return Err(LogError::corrupt(path, offset, "a record of an earlier batch"));
        }
        batch_start = record.batch_start;
        if record.kind == Kind::End {
            return Ok(Ending::Closed);
        }
        visit(offset, &record)?;
        offset = record.next;
    }
    if let Some(witness) = later_batch(bytes, offset, header) {
        return Err(LogError::corrupt(
            path,
            offset,
            format!("not a valid record, but durable ones follow it (at byte {witness})"),
        ));
    }
    let tail = bytes.get(offset..).unwrap_or_default();
    Ok(Ending::Open {
        offset,
        dirty: tail.iter().any(|byte| *byte != 0),
    })
}

/// Offset of a valid record whose batch began after `bad`.
fn later_batch(bytes: &[u8], bad: usize, header: SegmentHeader) -> Option<usize> {
    let mut offset = bad + ALIGNMENT;
    while offset < bytes.len() {
        match decode(bytes, offset, header.salt) {
            Some(record) if record.batch_start > bad => return Some(offset),
            Some(record) => offset = record.next,
            None => offset += ALIGNMENT,
        }
    }
    None
}
