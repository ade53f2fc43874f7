//! A word for each number of a store, filled when first asked for.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use super::store::{CHUNKS, FIRST_CHUNK, locate};

/// A growing row of words, read without locks.
pub struct Row {
    chunks: [OnceLock<Box<[AtomicU32]>>; CHUNKS],
}

impl Row {
    /// An empty row.
    pub const fn new() -> Self {
        Row {
            chunks: [const { OnceLock::new() }; CHUNKS],
        }
    }

    /// The word at `place`, computed if it was never asked for. Equal places must give equal words.
    pub fn get_or(&self, place: u32, compute: impl FnOnce() -> u32) -> u32 {
        let (chunk, offset) = locate(place);
        let size = (FIRST_CHUNK << chunk) as usize;
        let chunk = self.chunks[chunk].get_or_init(|| (0..size).map(|_| AtomicU32::new(0)).collect());
        match chunk[offset].load(Ordering::Acquire) {
            0 => {
                let word = compute();
                chunk[offset].store(word + 1, Ordering::Release);
                word
            }
            known => known - 1,
        }
    }
}

impl Default for Row {
    fn default() -> Self {
        Self::new()
    }
}

/// A growing row of shelves of [`SHELF`] words each, read without locks. Words are never zero.
pub struct Shelves {
    chunks: [OnceLock<Box<[AtomicU64]>>; CHUNKS],
}

/// Words of one shelf.
pub const SHELF: usize = 16;

impl Shelves {
    /// Empty shelves.
    pub const fn new() -> Self {
        Shelves {
            chunks: [const { OnceLock::new() }; CHUNKS],
        }
    }

    /// The word at `place` of a shelf, computed if it was never asked for. Equal places must give equal words.
    #[inline]
    pub fn get_or(&self, shelf: u32, place: usize, compute: impl FnOnce() -> u64) -> u64 {
        let word = self.word(shelf, place);
        match word.load(Ordering::Acquire) {
            0 => {
                let computed = compute();
                word.store(computed, Ordering::Release);
                computed
            }
            known => known,
        }
    }

    /// Looks at a word, so that it is near when it is asked for.
    #[inline]
    pub fn warm(&self, shelf: u32, place: usize) -> u64 {
        self.word(shelf, place).load(Ordering::Relaxed)
    }

    fn word(&self, shelf: u32, place: usize) -> &AtomicU64 {
        let (chunk, offset) = locate(shelf);
        let size = (FIRST_CHUNK << chunk) as usize * SHELF;
        let chunk = self.chunks[chunk].get_or_init(|| (0..size).map(|_| AtomicU64::new(0)).collect());
        &chunk[offset * SHELF + place]
    }
}

impl Default for Shelves {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_is_computed_once() {
        let shelves = Shelves::new();
        for shelf in 0..5_000 {
            for place in 0..SHELF {
                let word = u64::from(shelf) * 100 + place as u64 + 1;
                assert_eq!(shelves.get_or(shelf, place, || word), word);
            }
        }
        for shelf in 0..5_000 {
            for place in 0..SHELF {
                let word = u64::from(shelf) * 100 + place as u64 + 1;
                assert_eq!(shelves.get_or(shelf, place, || 0), word);
            }
        }
    }
}
