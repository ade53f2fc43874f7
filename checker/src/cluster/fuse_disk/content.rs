//! What a file holds, twice: as its readers see it, and as a power loss would leave it.
//!
//! Held is the current content, and of the durable one only the sectors in which it differs: a sync forgets them, a loss
//! puts them back. So both cost what was changed, and not the file's size.

use std::{collections::BTreeMap, mem};

/// What reaches a disk as a whole, or not.
pub(super) const SECTOR_BYTES: usize = 512;

/// What room is counted in.
pub(super) const PAGE_BYTES: usize = 4096;

type Sector = [u8; SECTOR_BYTES];
type Page = [u8; PAGE_BYTES];

/// The bytes of one file. What was never written reads as zeros and takes no room; bytes behind the end are zeros.
#[derive(Debug, Default)]
pub(super) struct Content {
    size: u64,
    pages: BTreeMap<u64, Box<Page>>,
    durable_size: u64,
    /// By number of the sector, what the durable content has where the current one was changed; `None`: zeros.
    durable: BTreeMap<u64, Option<Box<Sector>>>,
}

/// What a file has lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ContentLoss {
    /// Bytes that differ from before, or are gone.
    pub(super) bytes: u64,
    /// Unsynced sectors that had reached the disk by chance.
    pub(super) sectors_kept: u64,
}

impl Content {
    /// Bytes up to its end.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Pages that take room.
    pub(super) fn pages(&self) -> u64 {
        self.pages.len() as u64
    }

    /// Pages that a write would add.
    pub(super) fn pages_added(&self, offset: u64, length: u64) -> u64 {
        let Some(last) = (offset + length).checked_sub(1).filter(|_| length > 0) else {
            return 0;
        };
        let touched = page_of(offset)..=page_of(last);
        let held = self.pages.range(touched.clone()).count() as u64;
        touched.end() - touched.start() + 1 - held
    }

    /// At most `length` bytes from `offset` on; fewer at the end.
    pub(super) fn read(&self, offset: u64, length: usize) -> Vec<u8> {
        let length = self.size.saturating_sub(offset).min(length as u64) as usize;
        let mut bytes = vec![0; length];
        let mut done = 0;
        while done < length {
            let (number, within) = place(offset + done as u64);
            let part = (PAGE_BYTES - within).min(length - done);
            if let Some(page) = self.pages.get(&number) {
                bytes[done..done + part].copy_from_slice(&page[within..within + part]);
            }
            done += part;
        }
        bytes
    }

    /// Writes, and grows if need be.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let end = offset + bytes.len() as u64;
        self.remember(offset, end);
        let mut done = 0;
        while done < bytes.len() {
            let (number, within) = place(offset + done as u64);
            let part = (PAGE_BYTES - within).min(bytes.len() - done);
            self.page(number)[within..within + part].copy_from_slice(&bytes[done..done + part]);
            done += part;
        }
        self.size = self.size.max(end);
    }

    /// Grows with zeros, or is cut.
    pub(super) fn resize(&mut self, size: u64) {
        if size < self.size {
            // To the end of its last page: that is zeros already, and the page may give its room back.
            self.clear(size, self.size.next_multiple_of(PAGE_BYTES as u64));
        }
        self.size = size;
    }

    /// Zeros from `offset` to `end`, without a change of the size; whole pages give their room back.
    pub(super) fn clear(&mut self, offset: u64, end: u64) {
        if offset >= end {
            return;
        }
        let touched: Vec<u64> = self
            .pages
            .range(page_of(offset)..=page_of(end - 1))
            .map(|(number, _)| *number)
            .collect();
        for number in touched {
            let start = number * PAGE_BYTES as u64;
            let (from, to) = (offset.max(start), end.min(start + PAGE_BYTES as u64));
            self.remember(from, to);
            if to - from == PAGE_BYTES as u64 {
                self.pages.remove(&number);
            } else {
                self.page(number)[(from - start) as usize..(to - start) as usize].fill(0);
            }
        }
    }

    /// The current content is the durable one.
    pub(super) fn sync(&mut self) {
        self.durable.clear();
        self.durable_size = self.size;
    }

    /// The durable content is the current one, save for those unsynced sectors that `keep` lets be. Of sectors that are
    /// the same anyway nobody is asked.
    pub(super) fn lose(&mut self, mut keep: impl FnMut() -> bool) -> ContentLoss {
        let (before, mut after) = (self.size, self.durable_size);
        let (mut loss, mut restored) = (ContentLoss::default(), Vec::new());
        for (number, durable) in mem::take(&mut self.durable) {
            let start = number * SECTOR_BYTES as u64;
            let current = self.sector(number);
            let durable = durable.map_or([0; SECTOR_BYTES], |durable| *durable);
            let end = before.min(start + SECTOR_BYTES as u64);
            let differs = current != durable || end > self.durable_size;
            if start < before && differs && keep() {
                loss.sectors_kept += 1;
                after = after.max(end);
                continue;
            }
            self.put(number, &durable);
            restored.push((start, current));
        }
        self.size = before.max(after);
        self.resize(after);
        for (start, current) in restored {
            let now = self.sector(start / SECTOR_BYTES as u64);
            let common = before.min(after).saturating_sub(start).min(SECTOR_BYTES as u64) as usize;
            let differing = current[..common].iter().zip(&now[..common]);
            loss.bytes += differing.filter(|(before, after)| before != after).count() as u64;
        }
        loss.bytes += before.abs_diff(after);
        self.sync();
        loss
    }

    /// Keeps what the sectors of a range held when they were last synced.
    fn remember(&mut self, offset: u64, end: u64) {
        for number in offset / SECTOR_BYTES as u64..end.div_ceil(SECTOR_BYTES as u64) {
            if !self.durable.contains_key(&number) {
                let sector = self.sector(number);
                let held = (sector != [0; SECTOR_BYTES]).then(|| Box::new(sector));
                self.durable.insert(number, held);
            }
        }
    }

    fn sector(&self, number: u64) -> Sector {
        let (page, within) = place(number * SECTOR_BYTES as u64);
        let mut sector = [0; SECTOR_BYTES];
        if let Some(page) = self.pages.get(&page) {
            sector.copy_from_slice(&page[within..within + SECTOR_BYTES]);
        }
        sector
    }

    fn put(&mut self, number: u64, sector: &Sector) {
        let (page, within) = place(number * SECTOR_BYTES as u64);
        if *sector == [0; SECTOR_BYTES] && !self.pages.contains_key(&page) {
            return;
        }
        self.page(page)[within..within + SECTOR_BYTES].copy_from_slice(sector);
    }

    fn page(&mut self, number: u64) -> &mut Page {
        self.pages
            .entry(number)
            .or_insert_with(|| Box::new([0; PAGE_BYTES]))
    }
}

fn page_of(offset: u64) -> u64 {
    offset / PAGE_BYTES as u64
}

/// The number of a byte's page, and where in it the byte is.
fn place(offset: u64) -> (u64, usize) {
    (page_of(offset), (offset % PAGE_BYTES as u64) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::dice::Dice;

    const NEVER: fn() -> bool = || false;

    #[test]
    fn what_was_synced_stays_and_nothing_else() {
        let mut content = Content::default();
        content.write(0, b"one");
        content.sync();
        content.write(3, b"two");
        content.write(0, b"O");
        assert_eq!(content.read(0, 99), b"Onetwo");
        let loss = content.lose(NEVER);
        assert_eq!(content.read(0, 99), b"one");
        assert_eq!((loss.bytes, loss.sectors_kept), (4, 0));
        assert_eq!(content.lose(NEVER), ContentLoss::default());
    }

    #[test]
    fn a_cut_file_has_its_end_again_and_a_hole_its_bytes() {
        let mut content = Content::default();
        content.write(0, &[7; 10_000]);
        content.sync();
        content.resize(3);
        content.resize(20_000);
        assert_eq!(content.read(2, 3), [7, 0, 0]);
        assert_eq!(content.pages(), 1);
        content.lose(NEVER);
        assert_eq!(content.read(0, 99_999), [7; 10_000]);
        content.clear(100, 9_000);
        assert_eq!((content.size(), content.read(99, 2)), (10_000, vec![7, 0]));
        content.lose(NEVER);
        assert_eq!(content.read(0, 99_999), [7; 10_000]);
    }

    #[test]
    fn room_is_taken_by_what_is_written() {
        let mut content = Content::default();
        content.resize(1 << 40);
        assert_eq!(content.pages(), 0);
        assert_eq!((content.pages_added(4095, 2), content.pages_added(0, 0)), (2, 0));
        content.write(4095, b"ab");
        assert_eq!((content.pages(), content.pages_added(4095, 2)), (2, 0));
    }

    #[test]
    fn a_torn_file_is_made_of_whole_sectors() {
        let mut content = Content::default();
        content.write(0, &[1; 20 * SECTOR_BYTES]);
        content.sync();
        content.write(0, &[2; 40 * SECTOR_BYTES]);
        let mut dice = Dice::new(5, "sectors");
        let loss = content.lose(|| dice.chance(500));
        assert!((5..35).contains(&loss.sectors_kept), "{loss:?}");
        let bytes = content.read(0, 99_999);
        assert_eq!(bytes.len() % SECTOR_BYTES, 0);
        for (number, sector) in bytes.chunks(SECTOR_BYTES).enumerate() {
            let old = if number < 20 { 1 } else { 0 };
            assert!(
                sector == [2; SECTOR_BYTES] || sector == [old; SECTOR_BYTES],
                "{number}"
            );
        }
    }

    /// Every order of small changes against two plain vectors.
    #[test]
    fn it_behaves_as_two_plain_vectors() {
        let mut dice = Dice::new(11, "changes");
        let (mut content, mut current, mut durable) = (Content::default(), Vec::new(), Vec::new());
        for step in 0..4_000 {
            let offset = dice.below(9_000) as usize;
            let length = dice.below(3_000) as usize;
            match dice.below(12) {
                0..6 => {
                    let bytes = vec![dice.below(256) as u8; length];
                    content.write(offset as u64, &bytes);
                    if length > 0 {
                        current.resize(current.len().max(offset + length), 0);
                        current[offset..offset + length].copy_from_slice(&bytes);
                    }
                }
                6 | 7 => {
                    content.resize(offset as u64);
                    current.resize(offset, 0);
                }
                8 => {
                    let end = current.len().min(offset + length);
                    content.clear(offset as u64, end as u64);
                    if offset < end {
                        current[offset..end].fill(0);
                    }
                }
                9 | 10 => {
                    content.sync();
                    durable.clone_from(&current);
                }
                _ => {
                    let same = current
                        .iter()
                        .zip(&durable)
                        .filter(|(one, other)| one == other)
                        .count();
                    let lost = current.len().max(durable.len()) - same;
                    assert_eq!(content.lose(NEVER).bytes, lost as u64, "{step}");
                    current.clone_from(&durable);
                }
            }
            assert_eq!(content.read(0, usize::MAX), current, "{step}");
            assert_eq!(content.size(), current.len() as u64, "{step}");
        }
    }
}
