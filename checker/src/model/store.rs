//! Each value once, under a small number.
//!
//! A cluster has millions of states, but a member only thousands, and so have the set of messages and the
//! ghosts. The packed state of the cluster therefore holds numbers; the values stand here, for good.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::{OnceLock, PoisonError, RwLock};

use super::fingerprint::Fingerprint;

/// An append-only set of values, read without locks.
pub struct Store<T> {
    numbers: RwLock<Known>,
    chunks: [OnceLock<Box<[OnceLock<T>]>>; CHUNKS],
}

/// Numbers by fingerprint, which is mixed well enough to be its own hash.
type Known = HashMap<u64, u32, BuildHasherDefault<AsItIs>>;

#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("fingerprints are words");
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }
}

/// Chunk *k* holds `FIRST_CHUNK << k` values.
pub(super) const CHUNKS: usize = 20;
pub(super) const FIRST_CHUNK: u32 = 1024;

impl<T> Store<T> {
    /// An empty store.
    pub fn new() -> Self {
        Store {
            numbers: RwLock::default(),
            chunks: [const { OnceLock::new() }; CHUNKS],
        }
    }
}

impl<T: Hash + Eq> Store<T> {
    /// The number of this value, a new one if it was never seen.
    ///
    /// # Panics
    /// When a thousand million values do not suffice.
    pub fn number(&self, value: T) -> u32 {
        self.number_of(value, |value| value)
    }
}

impl<T> Store<T> {
    /// The number of the value that `make` makes of `key`; it is made only if it was never seen.
    ///
    /// # Panics
    /// When a thousand million values do not suffice.
    pub fn number_of<K>(&self, key: K, make: impl FnOnce(K) -> T) -> u32
    where
        K: Hash,
        T: PartialEq<K>,
    {
        self.number_under(Fingerprint::of(&key), key, make)
    }

    /// As [`Self::number_of`], with a fingerprint that equal keys have always brought.
    ///
    /// # Panics
    /// When a thousand million values do not suffice.
    pub fn number_under<K>(&self, fingerprint: Fingerprint, key: K, make: impl FnOnce(K) -> T) -> u32
    where
        T: PartialEq<K>,
    {
        let mut fingerprint = fingerprint.0;
        let known = self.numbers.read().unwrap_or_else(PoisonError::into_inner);
        if let Ok(number) = self.find(&known, &mut fingerprint, &key) {
            return number;
        }
        drop(known);
        let mut known = self.numbers.write().unwrap_or_else(PoisonError::into_inner);
        match self.find(&known, &mut fingerprint, &key) {
            Ok(number) => number,
            Err(()) => {
                let number = u32::try_from(known.len()).expect("fewer values than numbers");
                let (chunk, place) = locate(number);
                let size = (FIRST_CHUNK << chunk) as usize;
                let chunk = self.chunks[chunk].get_or_init(|| (0..size).map(|_| OnceLock::new()).collect());
                // The number is fresh and the lock is held, so the place is empty.
                let _ = chunk[place].set(make(key));
                known.insert(fingerprint, number);
                number
            }
        }
    }

    /// The value with this number.
    ///
    /// # Panics
    /// If the number was not given by this store.
    pub fn value(&self, number: u32) -> &T {
        let (chunk, place) = locate(number);
        let value = self.chunks[chunk].get().and_then(|chunk| chunk[place].get());
        value.expect("numbers come from this store")
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.numbers.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Two values may share a fingerprint; the later one then moves on to the next key.
    fn find<K>(&self, known: &Known, key: &mut u64, value: &K) -> Result<u32, ()>
    where
        T: PartialEq<K>,
    {
        while let Some(number) = known.get(key) {
            if self.value(*number) == value {
                return Ok(*number);
            }
            *key = key.wrapping_add(1);
        }
        Err(())
    }
}

impl<T> Default for Store<T> {
    fn default() -> Self {
        Self::new()
    }
}

pub(super) fn locate(number: u32) -> (usize, usize) {
    let shifted = number + FIRST_CHUNK;
    let chunk = shifted.ilog2() - FIRST_CHUNK.ilog2();
    (chunk as usize, (shifted - (FIRST_CHUNK << chunk)) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_one_number_and_every_number_its_value() {
        let store = Store::new();
        let numbers: Vec<_> = (0..5_000_u64).map(|value| store.number(value * 7)).collect();
        assert_eq!(store.number(7 * 4_321), numbers[4_321]);
        assert!((0..5_000).all(|place| *store.value(numbers[place]) == place as u64 * 7));
        assert_eq!(store.len(), 5_000);
    }
}
