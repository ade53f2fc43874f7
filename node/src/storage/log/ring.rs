//! Where every entry is: on disk always, in memory while it is young.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::optime::OpTime;

use super::queue::Lsn;
use super::segment::SegmentNumber;

/// Place of one entry on disk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) optime: OpTime,
    pub(super) segment: SegmentNumber,
    /// Offset of the entry's BSON bytes in the segment file.
    pub(super) offset: u32,
    /// Length of the entry's BSON bytes.
    pub(super) bytes: u32,
}

#[derive(Debug)]
struct Young {
    lsn: Lsn,
    bytes: Arc<[u8]>,
}

/// All entries by position, the youngest with their bytes.
#[derive(Debug, Default)]
pub(super) struct Ring {
    slots: VecDeque<Slot>,
    /// Bytes of the last `young.len()` slots.
    young: VecDeque<Young>,
    young_bytes: usize,
}

impl Ring {
    pub(super) fn new(slots: Vec<Slot>) -> Self {
        Self {
            slots: slots.into(),
            ..Self::default()
        }
    }

    pub(super) fn push(&mut self, slot: Slot, lsn: Lsn, bytes: Arc<[u8]>) {
        self.young_bytes += bytes.len();
        self.young.push_back(Young { lsn, bytes });
        self.slots.push_back(slot);
    }

    pub(super) fn oldest(&self) -> Option<OpTime> {
        self.slots.front().map(|slot| slot.optime)
    }

    pub(super) fn newest(&self) -> Option<OpTime> {
        self.slots.back().map(|slot| slot.optime)
    }

    /// Newest entry at or below `durable`; what is not young any more is durable.
    pub(super) fn newest_durable(&self, durable: Lsn) -> Option<OpTime> {
        let old = self.slots.len() - self.young.len();
        let count = old + self.young.partition_point(|young| young.lsn <= durable);
        self.slots.get(count.checked_sub(1)?).map(|slot| slot.optime)
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn slot(&self, index: usize) -> Option<Slot> {
        self.slots.get(index).copied()
    }

    /// Number of entries at or below `optime`.
    pub(super) fn count_through(&self, optime: OpTime) -> usize {
        self.slots.partition_point(|slot| slot.optime <= optime)
    }

    /// Number of entries for which `is_before` holds; it must hold for a prefix of the log.
    pub(super) fn count_while(&self, is_before: impl Fn(OpTime) -> bool) -> usize {
        self.slots.partition_point(|slot| is_before(slot.optime))
    }

    /// Newest entry that lies in a segment before `segment`.
    pub(super) fn last_in_segments_before(&self, segment: SegmentNumber) -> Option<OpTime> {
        let count = self.slots.partition_point(|slot| slot.segment < segment);
        self.slots.get(count.checked_sub(1)?).map(|slot| slot.optime)
    }

    pub(super) fn optimes(&self) -> impl Iterator<Item = OpTime> + '_ {
        self.slots.iter().map(|slot| slot.optime)
    }

    /// Bytes of the entry at `index`, if they are still in memory.
    pub(super) fn young(&self, index: usize) -> Option<Arc<[u8]>> {
        let first_young = self.slots.len() - self.young.len();
        let young = self.young.get(index.checked_sub(first_young)?)?;
        Some(Arc::clone(&young.bytes))
    }

    /// Forgets the entries after the first `kept`.
    pub(super) fn truncate(&mut self, kept: usize) {
        while self.slots.len() > kept {
            self.slots.pop_back();
            if let Some(young) = self.young.pop_back() {
                self.young_bytes -= young.bytes.len();
            }
        }
    }

    /// Forgets all leading entries that lie in `segment`.
    pub(super) fn drop_segment(&mut self, segment: SegmentNumber) {
        while self.slots.front().is_some_and(|slot| slot.segment == segment) {
            if self.young.len() == self.slots.len() {
                self.drop_oldest_young();
            }
            self.slots.pop_front();
        }
    }

    /// Forgets bytes of durable entries, oldest first, until at most `budget` bytes are left. Entries above
    /// `durable` stay: their file may not hold them yet.
    pub(super) fn shrink(&mut self, budget: usize, durable: Lsn) {
        while self.young_bytes > budget && self.young.front().is_some_and(|young| young.lsn <= durable) {
            self.drop_oldest_young();
        }
    }

    fn drop_oldest_young(&mut self) {
        if let Some(young) = self.young.pop_front() {
            self.young_bytes -= young.bytes.len();
        }
    }
}
