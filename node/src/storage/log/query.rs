//! Reading the log: positions, and entries from memory or from the segment files.

use std::collections::btree_map::Entry;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use protocol::optime::{OpTime, Timestamp};

use super::error::LogError;
use super::oplog::{Log, LogEntry};
use super::record::{HEADER_BYTES, OPTIME_BYTES, decode_optime, payload_of};
use super::segment::{SegmentNumber, segment_path};

impl Log {
    /// Oldest entry.
    #[must_use]
    pub fn oldest(&self) -> Option<OpTime> {
        self.ring.oldest()
    }

    /// Newest entry, durable or not.
    #[must_use]
    pub fn newest(&self) -> Option<OpTime> {
        self.ring.newest()
    }

    /// Newest entry that is durable: what the member may report as such (`lastDurable`). Right after a
    /// truncation it is the common point at most, never an entry of the branch that was cut off (R-02, BUG-D04).
    #[must_use]
    pub fn durable_optime(&self) -> Option<OpTime> {
        self.ring.newest_durable(self.durable_lsn())
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Is there no entry?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ring.len() == 0
    }

    /// Bytes of all segment files.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }

    /// The entry called `optime`.
    ///
    /// # Errors
    /// If the entry is on disk only and can't be read back.
    pub fn get(&mut self, optime: OpTime) -> Result<Option<Arc<[u8]>>, LogError> {
        let Some(index) = self.ring.count_through(optime).checked_sub(1) else {
            return Ok(None);
        };
        match self.ring.slot(index) {
            Some(slot) if slot.optime == optime => self.read(index).map(Some),
            _ => Ok(None),
        }
    }

    /// The entries above `optime`, oldest first: at most `max_entries` and about `max_bytes` (one entry is given
    /// however large it is). Served from memory while young, otherwise from the segment files.
    ///
    /// # Errors
    /// If an entry can't be read back.
    pub fn entries_after(
        &mut self,
        optime: OpTime,
        max_entries: usize,
        max_bytes: usize,
    ) -> Result<Vec<LogEntry>, LogError> {
        let first = self.ring.count_through(optime);
        let mut entries = Vec::new();
        let mut bytes = 0;
        while entries.len() < max_entries
            && let Some(slot) = self.ring.slot(first + entries.len())
        {
            bytes += slot.bytes as usize;
            if bytes > max_bytes && !entries.is_empty() {
                break;
            }
            entries.push((slot.optime, self.read(first + entries.len())?));
        }
        Ok(entries)
    }

    /// The entries below `optime`, newest first, with the limits of [`Log::entries_after`].
    ///
    /// # Errors
    /// If an entry can't be read back.
    pub fn entries_before(
        &mut self,
        optime: OpTime,
        max_entries: usize,
        max_bytes: usize,
    ) -> Result<Vec<LogEntry>, LogError> {
        let end = self.ring.count_while(|entry| entry < optime);
        let mut entries = Vec::new();
        let mut bytes = 0;
        for index in (0..end).rev().take(max_entries) {
            let slot = self.ring.slot(index).expect("below the number of entries");
            bytes += slot.bytes as usize;
            if bytes > max_bytes && !entries.is_empty() {
                break;
            }
            entries.push((slot.optime, self.read(index)?));
        }
        Ok(entries)
    }

    /// The first entry whose timestamp is at least `ts` (timestamps alone rise along one oplog).
    #[must_use]
    pub fn first_at_or_after(&self, ts: Timestamp) -> Option<OpTime> {
        let index = self.ring.count_while(|optime| optime.ts < ts);
        self.ring.slot(index).map(|slot| slot.optime)
    }

    /// Can recovery start from data that are applied through `optime`? Only if that entry is still in the log, or
    /// if there are no data ([`OpTime::NULL`]) and no entry was ever dropped. Ask at start, before replaying: if
    /// not, data and log don't belong together (one was lost, damaged or restored alone), and the member needs a
    /// new initial sync.
    #[must_use]
    pub fn covers(&self, optime: OpTime) -> bool {
        if !self.base.is_null() && (optime.is_null() || optime == self.base) {
            return optime == self.base;
        }
        if optime.is_null() {
            return self
                .segments
                .front()
                .is_none_or(|oldest| oldest.number == SegmentNumber(1));
        }
        let index = self.ring.count_through(optime).checked_sub(1);
        index
            .and_then(|index| self.ring.slot(index))
            .is_some_and(|slot| slot.optime == optime)
    }

    fn read(&mut self, index: usize) -> Result<Arc<[u8]>, LogError> {
        if let Some(bytes) = self.ring.young(index) {
            return Ok(bytes);
        }
        let slot = self.ring.slot(index).expect("the caller has seen this slot");
        let path = segment_path(&self.directory, slot.segment);
        let file = match self.readers.entry(slot.segment) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(closed) => closed.insert(File::open(&path).map_err(LogError::io("open", &path))?),
        };
        let head = HEADER_BYTES + OPTIME_BYTES;
        let start = slot.offset as usize - head;
        let mut record = vec![0; head + slot.bytes as usize];
        file.read_exact_at(&mut record, start as u64)
            .map_err(LogError::io("read", &path))?;
        let salt = self
            .segments
            .iter()
            .find(|segment| segment.number == slot.segment)
            .expect("a slot's segment is in the log")
            .salt;
        match payload_of(&record, salt).and_then(decode_optime) {
            Some((optime, entry)) if optime == slot.optime => Ok(entry.into()),
            _ => Err(LogError::corrupt(
                &path,
                start,
                format!("not entry {}", slot.optime),
            )),
        }
    }
}
