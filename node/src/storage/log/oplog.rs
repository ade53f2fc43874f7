//! The owner's side of the log: opening and writing. Reading is in `query.rs`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use protocol::optime::OpTime;
use tokio::sync::watch;

use super::error::LogError;
use super::options::LogOptions;
use super::queue::{Durability, Lsn, Part, Queue, WriteCounters};
use super::record::{
    END_BYTES, HEADER_BYTES, Kind, OPTIME_BYTES, PAYLOAD_BYTES_MAX, decode_optime, encode, encode_meta_head,
    encode_optime, record_bytes,
};
use super::recover::{Recovered, recover};
use super::ring::{Ring, Slot};
use super::segment::{LOG_DIRECTORY, SEGMENT_HEADER_BYTES, Salt, SegmentHeader, SegmentNumber};
use super::writer::Writer;

/// An entry's name and its BSON bytes.
pub type LogEntry = (OpTime, Arc<[u8]>);

/// Name of the value that says what is gone from the front.
const BASE_RECORD: &str = "oplogBase";

/// The oplog of one member, owned by its event loop.
///
/// `append`, `truncate_after` and `persist` only remember; nothing reaches the disk before [`Log::submit`], and
/// nothing is durable before [`Log::durability`] says so. They are made durable in the order in which they were
/// called: if one survives a crash, all before it do.
///
/// Dropping the log finishes what was submitted and forgets what was not.
#[derive(Debug)]
pub struct Log {
    pub(super) directory: PathBuf,
    options: LogOptions,
    pub(super) ring: Ring,
    meta: BTreeMap<String, Vec<u8>>,
    pub(super) segments: VecDeque<SegmentHeader>,
    /// Offset of the next record in the last segment; `None` when a new segment has to be begun.
    tail_offset: Option<usize>,
    next_segment: SegmentNumber,
    last_lsn: Lsn,
    floor: OpTime,
    /// The newest entry that is gone from the front: dropped by the cap, or before the log began.
    pub(super) base: OpTime,
    /// Segments are being dropped: none more are while that is recorded.
    is_dropping: bool,
    pub(super) queue: Arc<Queue>,
    durable: watch::Receiver<Durability>,
    writer: Option<JoinHandle<()>>,
    pub(super) readers: BTreeMap<SegmentNumber, File>,
}

impl Log {
    /// Opens the log of the data directory `dbpath`, creating it when missing, and repairs what a crash may have
    /// left: an unfinished write at the end is cut.
    ///
    /// # Errors
    /// [`LogError::Corrupt`] with file and offset if bytes that had been durable are damaged.
    pub fn open(dbpath: &Path, options: LogOptions) -> Result<(Self, Recovered), LogError> {
        let directory = dbpath.join(LOG_DIRECTORY);
        let options = LogOptions {
            segment_bytes: options
                .segment_bytes
                .clamp(LogOptions::SEGMENT_BYTES_MIN, LogOptions::SEGMENT_BYTES_MAX),
            ..options
        };
        let state = recover(&directory)?;
        let queue = Arc::new(Queue::default());
        let (sender, durable) = watch::channel(Durability::UpTo(Lsn(0)));
        let writer = Writer::new(
            directory.clone(),
            options.segment_bytes,
            state.free,
            Arc::clone(&queue),
            sender,
        );
        let writer = std::thread::Builder::new()
            .name("oplog".to_owned())
            .spawn(move || writer.run())
            .map_err(LogError::io("start the writer of", &directory))?;
        let base = match state.meta.get(BASE_RECORD).map(|bytes| decode_optime(bytes)) {
            Some(Some((base, _))) => Some(base),
            _ => None,
        };
        // What is gone stays gone: a process that was killed between the record that says so and the end of the file left
        // the file behind. Without this: the oplog has entries that are older than its beginning, and no start succeeds.
        let mut slots = state.slots;
        let gone = base.map_or(0, |base| slots.partition_point(|slot| slot.optime <= base));
        slots.drain(..gone);
        let ring = Ring::new(slots);
        let recovered = Recovered {
            meta: state.meta.clone(),
            positions: ring.optimes().collect(),
            first: ring.oldest(),
            last: ring.newest(),
            base,
            cut: state.cut,
        };
        let mut log = Self {
            directory,
            options,
            ring,
            meta: state.meta,
            next_segment: state
                .segments
                .last()
                .map_or(SegmentNumber(1), |last| last.number.next()),
            segments: state.segments.into(),
            tail_offset: state.tail_offset,
            last_lsn: Lsn(0),
            floor: OpTime::NULL,
            base: base.unwrap_or(OpTime::NULL),
            is_dropping: false,
            queue,
            durable,
            writer: Some(writer),
            readers: BTreeMap::new(),
        };
        log.complete_tail(&state.names_in_tail);
        Ok((log, recovered))
    }

    /// Adds an entry: its name and its BSON bytes.
    ///
    /// # Errors
    /// [`LogError::OutOfOrder`] unless the entry may follow the newest one.
    pub fn append(&mut self, optime: OpTime, entry: Arc<[u8]>) -> Result<Lsn, LogError> {
        if let Some(previous) = self.newest()
            && !optime.may_follow(previous)
        {
            return Err(LogError::OutOfOrder {
                previous,
                next: optime,
            });
        }
        let (segment, record) = self.push(Kind::Entry, &encode_optime(optime), &entry)?;
        let slot = Slot {
            optime,
            segment,
            offset: (record + HEADER_BYTES + OPTIME_BYTES) as u32,
            bytes: entry.len() as u32,
        };
        self.ring.push(slot, self.last_lsn, entry);
        Ok(self.last_lsn)
    }

    /// Removes all entries above `optime` (rollback to the common point, R-93). [`OpTime::NULL`] empties the log
    /// (initial sync), after which any optime may follow.
    ///
    /// # Errors
    /// [`LogError::Stopped`] after the disk failed.
    pub fn truncate_after(&mut self, optime: OpTime) -> Result<Lsn, LogError> {
        self.push(Kind::TruncateAfter, &encode_optime(optime), &[])?;
        let kept = self.ring.count_through(optime);
        self.ring.truncate(kept);
        Ok(self.last_lsn)
    }

    /// Empties the log and lets it go on after `base`, whose prefix the data hold: a clone was begun there (initial
    /// sync, R-99).
    ///
    /// # Errors
    /// [`LogError::Stopped`] after the disk failed.
    pub fn begin_after(&mut self, base: OpTime) -> Result<Lsn, LogError> {
        self.truncate_after(OpTime::NULL)?;
        self.floor = OpTime::NULL;
        self.base = base;
        self.persist(BASE_RECORD, &encode_optime(base))
    }

    /// Sets the durable value called `name`: vote, term, configuration, rollback id and the like. Values are
    /// small (they are written again at the head of each segment); names are at most 64 KiB.
    ///
    /// # Errors
    /// [`LogError::TooLarge`] for a name or a value that no record can hold.
    pub fn persist(&mut self, name: &str, value: &[u8]) -> Result<Lsn, LogError> {
        if name.len() > u16::MAX as usize {
            return Err(LogError::TooLarge {
                bytes: name.len(),
                limit: u16::MAX as usize,
            });
        }
        self.push(Kind::Meta, &encode_meta_head(name), value)?;
        self.meta.insert(name.to_owned(), value.to_owned());
        Ok(self.last_lsn)
    }

    /// The newest entry that is gone from the front, or null.
    #[must_use]
    pub fn base(&self) -> OpTime {
        self.base
    }

    /// Hands everything pending to the log thread: one write and one `fdatasync`, or part of the next ones if
    /// the thread is busy. Cheap when nothing is pending. Call it once at the end of each turn of the event loop.
    pub fn submit(&mut self) {
        self.queue.submit();
        self.ring.shrink(self.options.ring_bytes, self.durable_lsn());
    }

    /// Tells how far the log is durable, and of the disk's failure. If the sender is gone without a failure, the
    /// log was dropped or its thread died: treat it as a failure.
    #[must_use]
    pub fn durability(&self) -> watch::Receiver<Durability> {
        self.durable.clone()
    }

    /// Everything up to here is durable.
    #[must_use]
    pub fn durable_lsn(&self) -> Lsn {
        match &*self.durable.borrow() {
            Durability::UpTo(lsn) => *lsn,
            Durability::Failed { .. } => Lsn(0),
        }
    }

    /// Number of the latest append, truncate or persist.
    #[must_use]
    pub fn last_lsn(&self) -> Lsn {
        self.last_lsn
    }

    /// The latest value of `name`, durable or not.
    #[must_use]
    pub fn meta(&self, name: &str) -> Option<&[u8]> {
        self.meta.get(name).map(Vec::as_slice)
    }

    /// Allows entries below `floor` to be dropped once the log is above its cap. Give what the store has durably
    /// applied: recovery needs that entry and everything after it ([`Log::covers`]).
    pub fn set_floor(&mut self, floor: OpTime) {
        self.floor = floor;
        self.enforce_cap();
    }

    /// What the log thread has written.
    #[must_use]
    pub fn counters(&self) -> WriteCounters {
        self.queue.counters()
    }

    /// Puts a record behind all others; returns its place.
    fn push(&mut self, kind: Kind, head: &[u8], body: &[u8]) -> Result<(SegmentNumber, usize), LogError> {
        self.check_writer()?;
        let payload = head.len() + body.len();
        if payload > PAYLOAD_BYTES_MAX {
            return Err(LogError::TooLarge {
                bytes: payload,
                limit: PAYLOAD_BYTES_MAX,
            });
        }
        let needed = record_bytes(payload) + END_BYTES;
        let fits = match (self.tail_offset, self.segments.back()) {
            (Some(offset), Some(tail)) => offset + needed <= tail.bytes as usize,
            _ => false,
        };
        if !fits {
            self.begin_segment(needed);
        }
        let place = self.put(kind, head, body);
        self.last_lsn.0 += 1;
        let up_to = self.last_lsn;
        self.queue.add(|pending| pending.up_to = up_to);
        if !fits {
            self.enforce_cap();
        }
        Ok(place)
    }

    fn check_writer(&self) -> Result<(), LogError> {
        let reason = match &*self.durable.borrow() {
            Durability::Failed { reason } => reason.clone(),
            Durability::UpTo(_) if self.durable.has_changed().is_err() => "its thread is gone".to_owned(),
            Durability::UpTo(_) => return Ok(()),
        };
        Err(LogError::Stopped { reason })
    }

    /// Closes the last segment and begins the next, which opens with all named values: they must survive the
    /// dropping of older segments.
    fn begin_segment(&mut self, needed: usize) {
        if self.tail_offset.is_some() {
            self.put(Kind::End, &[], &[]);
        }
        let names: usize = self
            .meta
            .iter()
            .map(|(name, value)| record_bytes(2 + name.len() + value.len()))
            .sum();
        let bytes = (SEGMENT_HEADER_BYTES + names + needed) as u64;
        let header = SegmentHeader {
            number: self.next_segment,
            salt: Salt::fresh(self.next_segment),
            bytes: bytes.max(self.options.segment_bytes),
        };
        self.next_segment = header.number.next();
        self.segments.push_back(header);
        self.tail_offset = Some(SEGMENT_HEADER_BYTES);
        self.queue.add(|pending| {
            pending.parts.push(Part {
                segment: header.number,
                create: Some(header),
                offset: SEGMENT_HEADER_BYTES,
                bytes: Vec::new(),
            });
        });
        for (name, value) in std::mem::take(&mut self.meta) {
            self.put(Kind::Meta, &encode_meta_head(&name), &value);
            self.meta.insert(name, value);
        }
    }

    /// Encodes a record at the end of the last segment. Only called when there is room.
    fn put(&mut self, kind: Kind, head: &[u8], body: &[u8]) -> (SegmentNumber, usize) {
        let tail = *self
            .segments
            .back()
            .expect("a segment was begun before anything is put into it");
        let offset = self.tail_offset.expect("the last segment is open");
        self.queue.add(|pending| {
            if pending
                .parts
                .last()
                .is_none_or(|part| part.segment != tail.number)
            {
                pending.parts.push(Part {
                    segment: tail.number,
                    create: None,
                    offset,
                    bytes: Vec::new(),
                });
            }
            let part = pending.parts.last_mut().expect("just made sure of it");
            encode(&mut part.bytes, tail.salt, part.offset, kind, head, body);
        });
        self.tail_offset = match kind {
            Kind::End => None,
            _ => Some(offset + record_bytes(head.len() + body.len())),
        };
        (tail.number, offset)
    }

    /// Writes the named values that the last segment lacks: a power cut may have come between its naming and its
    /// first write. Otherwise they would go with the older segments. They ride along with the first batch, which
    /// is also before any segment is dropped.
    fn complete_tail(&mut self, names_in_tail: &BTreeSet<String>) {
        for (name, value) in self.meta.clone() {
            let needed = record_bytes(2 + name.len() + value.len()) + END_BYTES;
            match (self.tail_offset, self.segments.back()) {
                // The next segment begins with all of them anyway.
                (None, _) | (_, None) => return,
                (Some(_), Some(_)) if names_in_tail.contains(&name) => {}
                (Some(offset), Some(tail)) if offset + needed <= tail.bytes as usize => {
                    self.put(Kind::Meta, &encode_meta_head(&name), &value);
                }
                (Some(_), Some(_)) => return self.begin_segment(END_BYTES),
            }
        }
    }

    /// Drops whole segments from the front, as long as the log is too large and the floor allows it.
    fn enforce_cap(&mut self) {
        // The record of what is gone may itself begin a segment. Without this: it drops the next one and records that, and
        // then the older record is the one that the named values keep: the oplog has a hole after the next start.
        if self.is_dropping {
            return;
        }
        self.is_dropping = true;
        loop {
            let gone = self.drop_oldest();
            if gone.is_empty() {
                break;
            }
            // Before the files go, and the writer ends them after what it has by then: whoever opens the log knows what it
            // lacks. A writer that has stopped drops no file either.
            let base = encode_optime(self.base);
            if self.meta.get(BASE_RECORD).is_none_or(|known| *known != base) {
                let _ = self.persist(BASE_RECORD, &base);
            }
            self.queue.add(|pending| pending.retire.extend(gone));
        }
        self.is_dropping = false;
    }

    fn drop_oldest(&mut self) -> Vec<SegmentHeader> {
        let mut gone = Vec::new();
        while self.segments.len() > 1 && self.disk_bytes() > self.options.cap_bytes {
            let oldest = self.segments[0];
            let next = self.segments[1].number;
            // Entries of the oldest segment are exactly those before the first entry of a later one.
            let last = self.ring.last_in_segments_before(next);
            if last.is_some_and(|last| last >= self.floor) {
                break;
            }
            self.segments.pop_front();
            self.ring.drop_segment(oldest.number);
            self.readers.remove(&oldest.number);
            self.base = last.unwrap_or(self.base);
            gone.push(oldest);
        }
        gone
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.queue.stop();
        if let Some(writer) = self.writer.take() {
            // A panic of the writer was already seen by everyone who waits for durability.
            drop(writer.join());
        }
    }
}
