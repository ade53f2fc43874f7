//! Remembers results: a lossy table from one word to another, filled by many threads without locks.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A table from non-zero keys to non-zero words. A key may be forgotten, never confused.
///
/// It begins so small that it fits into a processor's cache and grows with what it holds: a larger table takes the
/// place of the crowded one, which is still asked and not filled any more.
pub struct Memo {
    /// Each four times as large as the one before it.
    tables: [OnceLock<Box<[Slot]>>; TABLES],
    /// The table that is filled.
    newest: AtomicUsize,
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
        match look_up(self.table(self.newest.load(Ordering::Acquire)), key) {
            Some(word) => word,
            None => self.get_or_compute(key, compute),
        }
    }

    /// Looks where `key` would be found, so that it is near when it is asked for. Many such looks, one after the other,
    /// wait for memory at the same time.
    #[inline]
    pub fn warm(&self, key: u64) -> u64 {
        let table = self.table(self.newest.load(Ordering::Acquire));
        table[place(table, key)].key.load(Ordering::Relaxed)
    }

    #[cold]
    fn get_or_compute(&self, key: u64, compute: impl FnOnce() -> (u64, bool)) -> u64 {
        let newest = self.newest.load(Ordering::Acquire);
        let older = (0..newest)
            .rev()
            .find_map(|place| look_up(self.table(place), key));
        let (word, is_kept) = older.map_or_else(compute, |word| (word, true));
        if is_kept {
            self.remember(key, word);
        }
        word
    }

    fn remember(&self, key: u64, word: u64) {
        let newest = self.newest.load(Ordering::Acquire);
        let table = self.table(newest);
        for slot in probe(table, key) {
            match slot
                .key
                .compare_exchange(0, key, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => {
                    slot.word.store(word, Ordering::Release);
                    break;
                }
                Err(found) if found == key => return,
                Err(_) => {}
            }
        }
        let length = self.length.fetch_add(1, Ordering::Relaxed) + 1;
        let is_crowded = length > table.len() / 2;
        // Who comes second finds the newer table and does nothing.
        let grows = is_crowded
            && newest < self.last
            && self
                .newest
                .compare_exchange(newest, newest + 1, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok();
        if grows {
            self.length.store(0, Ordering::Relaxed);
        }
    }

    fn table(&self, place: usize) -> &[Slot] {
        let size = 1_usize << (FIRST_BITS + 2 * place as u32);
        self.tables[place].get_or_init(|| (0..size).map(|_| Slot::default()).collect())
    }
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
