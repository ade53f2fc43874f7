//! Sixty-four bits that stand for a state, and the table of those seen.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Stands for a state; never zero. Two different states share one with probability 2⁻⁶⁴: for ten million
/// states the chance that any state was missed is below 3 in a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// The fingerprint of a value, the same in every run and on every machine of one endianness.
    pub fn of(value: &impl Hash) -> Self {
        let mut mixer = Mixer(0x243f_6a88_85a3_08d3);
        value.hash(&mut mixer);
        Fingerprint(mixer.finish().max(1))
    }
}

/// A set of fingerprints, open-addressed, filled by many threads at once, grown by one.
pub struct FingerprintTable {
    slots: Vec<AtomicU64>,
    length: AtomicUsize,
}

impl FingerprintTable {
    /// A table with at least this many slots.
    pub fn with_slots(slots: usize) -> Self {
        let slots = (0..slots.next_power_of_two())
            .map(|_| AtomicU64::new(0))
            .collect();
        FingerprintTable {
            slots,
            length: AtomicUsize::new(0),
        }
    }

    /// Adds a fingerprint; true if it was not there.
    ///
    /// The table must not be full, or this never ends: callers stop at [`Self::is_crowded`].
    pub fn insert(&self, fingerprint: Fingerprint) -> bool {
        let mask = self.slots.len() - 1;
        let mut place = fingerprint.0 as usize & mask;
        loop {
            let slot = &self.slots[place];
            let found = match slot.load(Ordering::Relaxed) {
                0 => match slot.compare_exchange(0, fingerprint.0, Ordering::Relaxed, Ordering::Relaxed) {
                    Ok(_) => return true,
                    Err(other) => other,
                },
                found => found,
            };
            if found == fingerprint.0 {
                return false;
            }
            place = (place + 1) & mask;
        }
    }

    /// Looks where a fingerprint would be found, so that it is near when it is added.
    #[inline]
    pub fn warm(&self, fingerprint: Fingerprint) -> u64 {
        self.slots[fingerprint.0 as usize & (self.slots.len() - 1)].load(Ordering::Relaxed)
    }

    /// Counts new fingerprints. Kept apart from [`Self::insert`] so that threads do not fight for one counter.
    pub fn add_length(&self, new: usize) {
        self.length.fetch_add(new, Ordering::Relaxed);
    }

    /// Number of fingerprints counted.
    pub fn len(&self) -> usize {
        self.length.load(Ordering::Relaxed)
    }

    /// Whether nothing was counted yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether more than five eighths of the slots are used: time to [`Self::grow`].
    pub fn is_crowded(&self) -> bool {
        self.len() > self.slots.len() / 8 * 5
    }

    /// Doubles the table.
    pub fn grow(&mut self) {
        let larger = Self::with_slots(self.slots.len() * 2);
        for slot in &self.slots {
            match slot.load(Ordering::Relaxed) {
                0 => {}
                fingerprint => drop(larger.insert(Fingerprint(fingerprint))),
            }
        }
        larger.add_length(self.len());
        *self = larger;
    }

    /// Bytes of memory in use.
    pub fn bytes(&self) -> usize {
        self.slots.len() * size_of::<AtomicU64>()
    }
}

/// Multiplies to 128 bits and folds, word by word: quick for the small integers that states are made of.
struct Mixer(u64);

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
const OTHER_ODD: u64 = 0xd1b5_4a32_d192_ed03;

impl Mixer {
    const fn add(&mut self, word: u64) {
        // The state is multiplied too, so a word cannot cancel what came before it.
        self.0 = fold(self.0 ^ word, ODD) ^ self.0.wrapping_mul(OTHER_ODD);
    }
}

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        fold(self.0, OTHER_ODD) ^ self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.add(u64::from_le_bytes(
                chunk.try_into().expect("chunks of eight bytes"),
            ));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.add(u64::from_le_bytes(last) ^ (rest.len() as u64) << 56);
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.add(word.into());
    }

    fn write_u16(&mut self, word: u16) {
        self.add(word.into());
    }

    fn write_u32(&mut self, word: u32) {
        self.add(word.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.add(word as u64);
    }
}

const fn fold(word: u64, factor: u64) -> u64 {
    let wide = word as u128 * factor as u128;
    wide as u64 ^ (wide >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_different_values_have_different_fingerprints() {
        let mut all: Vec<_> = (0..100_u8)
            .flat_map(|one| (0..100_u16).map(move |other| Fingerprint::of(&(one, other, [0_u32; 3]))))
            .collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 10_000);
    }

    #[test]
    fn growing_forgets_nothing() {
        let mut table = FingerprintTable::with_slots(16);
        for word in 1..=1_000 {
            assert!(table.insert(Fingerprint(ODD.wrapping_mul(word))));
            table.add_length(1);
            if table.is_crowded() {
                table.grow();
            }
        }
        assert!((1..=1_000).all(|word| !table.insert(Fingerprint(ODD.wrapping_mul(word)))));
        assert_eq!(table.len(), 1_000);
    }
}
