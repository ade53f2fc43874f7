//! Remembers results: a lossy table from one word to another, filled by many threads without locks.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A table from non-zero keys to non-zero words. A key may be forgotten, never confused.
///
/// It begins so small that it fits into a processor's cache and grows with what it holds: what the crowded table holds is
/// copied into a larger one, which then takes its place. What another thread adds meanwhile may be forgotten.
pub struct Memo {
    /// Each four times as large as the one before it.
    tables: [OnceLock<Box<[Slot]>>; TABLES],
    /// The table that is asked and filled.
    newest: AtomicUsize,
    /// The table that is being prepared to take its place, if it is a later one.
    prepared: AtomicUsize,
    /// The newest table there may be.
    last: usize,
    /// Entries of the newest table.
    length: AtomicUsize,
}

#[derive(Default)]
struct Slot {
    key: AtomicU64,
    word: AtomicU64,
}

/// Slots looked at for one key.
const PROBES: usize = 8;
/// Slots of the first table, as a power of two.
const FIRST_BITS: u32 = 12;
/// How many tables there may be: the last one has 2^26 slots.
const TABLES: usize = 8;

impl Memo {
    /// A table that grows up to 2^`bits` slots of sixteen bytes (rounded to a power of four from 2^12).
    pub fn with_bits(bits: u32) -> Self {
        let last = (bits.saturating_sub(FIRST_BITS).div_ceil(2) as usize).min(TABLES - 1);
        Memo {
            tables: [const { OnceLock::new() }; TABLES],
            newest: AtomicUsize::new(0),
            prepared: AtomicUsize::new(0),
            last,
            length: AtomicUsize::new(0),
        }
    }

    /// What is remembered under `key`, else what `compute` answers, which is then remembered if there is room.
    #[inline]
    pub fn get_or(&self, key: u64, compute: impl FnOnce() -> u64) -> u64 {
        self.get_or_maybe_keep(key, || (compute(), true))
    }

    /// As [`Self::get_or`]; what `compute` answers is remembered if it says so.
    #[inline]
    pub fn get_or_maybe_keep(&self, key: u64, compute: impl FnOnce() -> (u64, bool)) -> u64 {
        match look_up(self.newest_table(), key) {
            Some(word) => word,
            None => self.compute(key, compute),
        }
    }

    /// Looks where `key` would be found, so that it is near when it is asked for. Many such looks, one after the other,
    /// wait for memory at the same time.
    #[inline]
    pub fn warm(&self, key: u64) -> u64 {
        let table = self.newest_table();
        table[place(table, key)].key.load(Ordering::Relaxed)
    }

    #[cold]
    fn compute(&self, key: u64, compute: impl FnOnce() -> (u64, bool)) -> u64 {
        let (word, is_kept) = compute();
        if is_kept && remember(self.newest_table(), key, word) {
            self.length.fetch_add(1, Ordering::Relaxed);
            self.grow_if_crowded();
        }
        word
    }

    fn grow_if_crowded(&self) {
        let newest = self.newest.load(Ordering::Acquire);
        let is_crowded = self.length.load(Ordering::Relaxed) > self.table(newest).len() / 2;
        // Who comes second goes on with the crowded one.
        let grows = is_crowded
            && newest < self.last
            && self
                .prepared
                .compare_exchange(newest, newest + 1, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok();
        if !grows {
            return;
        }
        let larger = self.table(newest + 1);
        let mut copied = 0;
        for slot in self.table(newest) {
            let key = slot.key.load(Ordering::Acquire);
            let word = slot.word.load(Ordering::Acquire);
            if key != 0 && word != 0 {
                copied += usize::from(remember(larger, key, word));
            }
        }
        self.length.store(copied, Ordering::Relaxed);
        self.newest.store(newest + 1, Ordering::Release);
    }

    fn newest_table(&self) -> &[Slot] {
        self.table(self.newest.load(Ordering::Acquire))
    }

    fn table(&self, place: usize) -> &[Slot] {
        let size = 1_usize << (FIRST_BITS + 2 * place as u32);
        self.tables[place].get_or_init(|| (0..size).map(|_| Slot::default()).collect())
    }
}

/// Whether there was room for it and it was not there.
fn remember(table: &[Slot], key: u64, word: u64) -> bool {
    for slot in probe(table, key) {
        match slot
            .key
            .compare_exchange(0, key, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => {
                slot.word.store(word, Ordering::Release);
                return true;
            }
            Err(found) if found == key => return false,
            Err(_) => {}
        }
    }
    false
}

/// The word under this key; none while another thread is about to fill it.
#[inline]
fn look_up(table: &[Slot], key: u64) -> Option<u64> {
    for slot in probe(table, key) {
        match slot.key.load(Ordering::Acquire) {
            found if found == key => {
                return Some(slot.word.load(Ordering::Acquire)).filter(|word| *word != 0);
            }
            0 => return None,
            _ => {}
        }
    }
    None
}

#[inline]
fn probe(table: &[Slot], key: u64) -> impl Iterator<Item = &Slot> {
    let mask = table.len() - 1;
    let start = place(table, key);
    (0..PROBES).map(move |offset| &table[start.wrapping_add(offset) & mask])
}

/// Where the look for a key begins.
#[inline]
fn place(table: &[Slot], key: u64) -> usize {
    let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 32) as usize & (table.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More keys than the first table and the second one hold.
    const KEYS: u64 = 40_000;

    #[test]
    fn what_is_not_to_be_kept_is_computed_again() {
        let memo = Memo::with_bits(12);
        assert_eq!(memo.get_or_maybe_keep(5, || (1, false)), 1);
        assert_eq!(memo.get_or_maybe_keep(5, || (2, true)), 2);
        assert_eq!(memo.get_or(5, || 3), 2);
    }

    #[test]
    fn answers_are_right_when_the_table_is_full_and_when_it_grows() {
        for bits in [12, 14, 18] {
            let memo = Memo::with_bits(bits);
            for key in 1..=KEYS {
                assert_eq!(memo.get_or(key, || key * 3), key * 3);
            }
            let mut computed = 0;
            for key in 1..=KEYS {
                let word = memo.get_or(key, || {
                    computed += 1;
                    key * 3
                });
                assert_eq!(word, key * 3);
            }
            let kept = KEYS - computed;
            let room = (0..=(bits - 12) / 2).map(|table| 1_u64 << (12 + 2 * table)).sum();
            assert!(kept <= room, "no more is kept than fits");
            assert!(
                kept > (room / 2).min(KEYS - KEYS / 16),
                "{kept} of {KEYS} with {bits} bits"
            );
        }
    }
}
