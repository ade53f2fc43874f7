//! The seeded dice of everything that disturbs: same seed, same faults.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// A stream of choices drawn from one seed.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of `seed`. Streams of one seed with different names are independent, so that asking one
    /// nemesis more does not change what another draws.
    pub fn new(seed: u64, stream: &str) -> Self {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(name_hash(stream));
        Self(generator)
    }

    /// A number in `0..bound`. `bound` must not be 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "a choice among nothing");
        // Multiply-shift; the bias is below 2^-32 for the small bounds used here.
        ((u128::from(self.0.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "an empty range");
        low + self.below((high - low).saturating_add(1))
    }

    /// A number in `low..=high`, small magnitudes as likely as large ones (uniform in the exponent).
    pub fn exponential(&mut self, low: u64, high: u64) -> u64 {
        assert!(0 < low && low <= high, "an empty range, or one that starts at 0");
        let doublings = 63 - (high / low).leading_zeros();
        let bottom = low << self.below(u64::from(doublings) + 1);
        let top = bottom.saturating_mul(2) - 1;
        self.between(bottom, top.min(high))
    }

    /// True with probability `permille`/1000.
    pub fn chance(&mut self, permille: u32) -> bool {
        self.below(1000) < u64::from(permille)
    }

    /// One of `choices`, or nothing if there is none.
    pub fn pick<T: Clone>(&mut self, choices: &[T]) -> Option<T> {
        (!choices.is_empty()).then(|| choices[self.below(choices.len() as u64) as usize].clone())
    }

    /// The same items in a drawn order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = self.below(last as u64 + 1) as usize;
            items.swap(last, other);
        }
    }
}

/// FNV-1a: stable across versions and machines, which `std`'s hasher does not promise.
fn name_hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_stream_and_other_name_other_stream() {
        let draw = |seed, name| -> Vec<u64> {
            let mut dice = Dice::new(seed, name);
            (0..8).map(|_| dice.below(1_000_000)).collect()
        };
        assert_eq!(draw(7, "kill"), draw(7, "kill"));
        assert_ne!(draw(7, "kill"), draw(8, "kill"));
        assert_ne!(draw(7, "kill"), draw(7, "pause"));
    }

    #[test]
    fn draws_stay_in_their_bounds_and_reach_both_ends() {
        let mut dice = Dice::new(1, "bounds");
        let drawn: Vec<u64> = (0..1000).map(|_| dice.between(3, 5)).collect();
        assert_eq!(drawn.iter().min(), Some(&3));
        assert_eq!(drawn.iter().max(), Some(&5));
        let spread: Vec<u64> = (0..1000).map(|_| dice.exponential(10, 100_000)).collect();
        assert!(spread.iter().all(|value| (10..=100_000).contains(value)));
        assert!(spread.iter().filter(|value| **value < 1000).count() > 300);
        assert!(spread.iter().filter(|value| **value > 10_000).count() > 100);
    }
}
