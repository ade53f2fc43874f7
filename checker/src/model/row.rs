//! A word for each number of a store, filled when first asked for.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

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
