//! Remembers results: a lossy table from one word to another, filled by many threads without locks.

use std::sync::atomic::{AtomicU64, Ordering};

/// A table from non-zero keys to non-zero words. A key may be forgotten, never confused.
pub struct Memo {
    slots: Box<[Slot]>,
}

#[derive(Default)]
struct Slot {
    key: AtomicU64,
    word: AtomicU64,
}

/// Slots looked at for one key.
const PROBES: usize = 8;

impl Memo {
    /// A table of 2^`bits` slots of sixteen bytes.
    pub fn with_bits(bits: u32) -> Self {
        Memo {
            slots: (0..1_usize << bits).map(|_| Slot::default()).collect(),
        }
    }

    /// What is remembered under `key`, else what `compute` answers, which is then remembered if there is room.
    pub fn get_or(&self, key: u64, compute: impl FnOnce() -> u64) -> u64 {
        let mut vacant = None;
        for slot in self.probe(key) {
            match slot.key.load(Ordering::Acquire) {
                found if found == key => {
                    // Zero: another thread has taken the slot and is about to fill it.
                    let word = slot.word.load(Ordering::Acquire);
                    if word != 0 {
                        return word;
                    }
                    return compute();
                }
                0 => {
                    vacant = Some(slot);
                    break;
                }
                _ => {}
            }
        }
        let word = compute();
        if let Some(slot) = vacant
            && slot
                .key
                .compare_exchange(0, key, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
        {
            slot.word.store(word, Ordering::Release);
        }
        word
    }

    fn probe(&self, key: u64) -> impl Iterator<Item = &Slot> {
        let mask = self.slots.len() - 1;
        let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let start = (mixed ^ mixed >> 32) as usize;
        (0..PROBES).map(move |offset| &self.slots[start.wrapping_add(offset) & mask])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_right_even_when_the_table_is_full() {
        let memo = Memo::with_bits(4);
        for key in 1..=100 {
            assert_eq!(memo.get_or(key, || key * 3), key * 3);
        }
        let mut computed = 0;
        for key in 1..=100 {
            assert_eq!(
                memo.get_or(key, || {
                    computed += 1;
                    key * 3
                }),
                key * 3
            );
        }
        assert!(
            (84..100).contains(&computed),
            "{computed}: some are remembered, not more than fit"
        );
    }
}
