//! The seeded dice of generators.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// A stream of draws; equal seeds and labels give equal streams.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream `label` of `seed`: workloads that share a run's seed do not share their draws.
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        // FNV-1a: only has to keep labels apart.
        let label = label.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(ChaCha8Rng::seed_from_u64(seed ^ label))
    }

    /// Uniform in `0..bound` (`bound` > 0; the bias of the modulus is below 2^-32 for 32-bit bounds).
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        (self.0.next_u64() % u64::from(bound.max(1))) as u32
    }

    /// Uniform in `low..=high`.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high - low + 1)
    }

    /// True in `percent` of 100 draws.
    pub(crate) fn percent(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }
}
