//! What a former life left in the log's folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use protocol::optime::OpTime;

use super::error::LogError;
use super::file::{create_directory, remove, sync_directory, zero_tail};
use super::record::{HEADER_BYTES, Kind, OPTIME_BYTES, Record, decode_meta, decode_optime};
use super::ring::Slot;
use super::scan::{Ending, scan};
use super::segment::{SegmentHeader, SegmentNumber, number_in_name, segment_path};

/// What [`super::Log::open`] found. All of it is durable.
#[derive(Clone, Debug, Default)]
pub struct Recovered {
    /// Latest value of every name given to [`super::Log::persist`].
    pub meta: BTreeMap<String, Vec<u8>>,
    /// Names of all entries, oldest first.
    pub positions: Vec<OpTime>,
    /// Oldest entry.
    pub first: Option<OpTime>,
    /// Newest entry.
    pub last: Option<OpTime>,
    /// The newest entry that is gone from the front; `None` in a log that never said so.
    pub base: Option<OpTime>,
    /// The unfinished write that was cut off, if there was one.
    pub cut: Option<Cut>,
}

/// A torn tail that was cut off at start: a write that was under way when the process or the machine died, so
/// nobody was ever told that it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The segment file.
    pub path: PathBuf,
    /// Offset of the first byte that was cut.
    pub offset: u64,
}

/// The recovered state as the owner keeps it.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) slots: Vec<Slot>,
    pub(super) meta: BTreeMap<String, Vec<u8>>,
    pub(super) segments: Vec<SegmentHeader>,
    /// Offset of the next record in the last segment; `None` if there is no segment or the last one is closed.
    pub(super) tail_offset: Option<usize>,
    /// Names whose value stands in the last segment.
    pub(super) names_in_tail: BTreeSet<String>,
    pub(super) free: Vec<PathBuf>,
    pub(super) cut: Option<Cut>,
}

/// Reads all segments of `directory`, creating it when missing, and leaves it clean: unfinished files removed, a
/// torn tail zeroed.
pub(super) fn recover(directory: &Path) -> Result<State, LogError> {
    create_directory(directory)?;
    let (numbers, free) = list(directory)?;
    let mut state = State {
        free,
        ..State::default()
    };
    for (index, number) in numbers.iter().enumerate() {
        let expected = SegmentNumber(numbers[0].0 + index as u64);
        if *number != expected {
            let path = segment_path(directory, expected);
            return Err(LogError::corrupt(&path, 0, "this segment is missing"));
        }
        let is_last = index + 1 == numbers.len();
        recover_segment(directory, *number, is_last, &mut state)?;
    }
    Ok(state)
}

fn list(directory: &Path) -> Result<(Vec<SegmentNumber>, Vec<PathBuf>), LogError> {
    let listing = LogError::io;
    let mut numbers = Vec::new();
    let mut free = Vec::new();
    for item in std::fs::read_dir(directory).map_err(listing("list", directory))? {
        let item = item.map_err(listing("list", directory))?;
        let name = item.file_name();
        let Some(name) = name.to_str() else { continue };
        if let Some(number) = number_in_name(name, "seg-") {
            numbers.push(number);
        } else if number_in_name(name, "free-")
            .or(number_in_name(name, "spare-"))
            .is_some()
        {
            free.push(item.path());
        } else if name.ends_with(".tmp") {
            remove(directory, &item.path())?;
        }
    }
    numbers.sort_unstable();
    free.sort_unstable();
    Ok((numbers, free))
}

fn recover_segment(
    directory: &Path,
    number: SegmentNumber,
    is_last: bool,
    state: &mut State,
) -> Result<(), LogError> {
    let path = segment_path(directory, number);
    let bytes = std::fs::read(&path).map_err(LogError::io("read", &path))?;
    let header = SegmentHeader::decode(&path, number, &bytes)?;
    state.names_in_tail.clear();
    let ending = scan(&path, &bytes, header, |offset, record| {
        replay(&path, number, offset, record, state)
    })?;
    state.segments.push(header);
    match ending {
        Ending::Closed => {}
        Ending::Open { offset, .. } if !is_last => {
            return Err(LogError::corrupt(
                &path,
                offset,
                "not a valid record, but later segments follow",
            ));
        }
        Ending::Open { offset, dirty } => {
            state.tail_offset = Some(offset);
            if dirty || (bytes.len() as u64) < header.bytes {
                // The leftovers must not outlive this start: a new record that happens to end where an old
                // valid one begins would bring that one back, although its entry was never acknowledged and
                // may have been replaced.
                zero_tail(&path, offset as u64, header.bytes)?;
                state.cut = Some(Cut {
                    path: path.clone(),
                    offset: offset as u64,
                });
            }
        }
    }
    if is_last {
        // A killed process leaves records in the page cache that were never synced. They are about to be
        // reported as durable, so they must be.
        std::fs::File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(LogError::io("sync", &path))?;
        sync_directory(directory)?;
    }
    Ok(())
}

fn replay(
    path: &Path,
    segment: SegmentNumber,
    offset: usize,
    record: &Record<'_>,
    state: &mut State,
) -> Result<(), LogError> {
    let malformed = || LogError::corrupt(path, offset, "a record with a right checksum but a wrong shape");
    match record.kind {
        Kind::Entry => {
            let (optime, _) = decode_optime(record.payload).ok_or_else(malformed)?;
            if let Some(previous) = state.slots.last().map(|slot| slot.optime)
                && !optime.may_follow(previous)
            {
                let reason = format!("entry {optime} follows entry {previous}");
                return Err(LogError::corrupt(path, offset, reason));
            }
            state.slots.push(Slot {
                optime,
                segment,
                offset: (offset + HEADER_BYTES + OPTIME_BYTES) as u32,
                bytes: (record.payload.len() - OPTIME_BYTES) as u32,
            });
        }
        #[cfg(feature = "planted-bugs")]
        Kind::TruncateAfter if crate::bugs::is_planted(&crate::bugs::truncate_after_point_ignored::BUG) => {}
        Kind::TruncateAfter => {
            let (optime, _) = decode_optime(record.payload).ok_or_else(malformed)?;
            let kept = state.slots.partition_point(|slot| slot.optime <= optime);
            state.slots.truncate(kept);
        }
        Kind::Meta => {
            let (name, value) = decode_meta(record.payload).ok_or_else(malformed)?;
            state.meta.insert(name.to_owned(), value.to_owned());
            state.names_in_tail.insert(name.to_owned());
        }
        Kind::End => {}
    }
    Ok(())
}
