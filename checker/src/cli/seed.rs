//! Seeds that nobody chose.

use std::{
    hash::{BuildHasher, RandomState},
    time::{SystemTime, UNIX_EPOCH},
};

/// A seed of this moment on this machine. Short enough to be typed.
pub(super) fn fresh() -> u64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    // `RandomState` is keyed by the operating system's dice.
    RandomState::new().hash_one(now) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_seeds_differ_and_are_short() {
        assert_ne!(fresh(), fresh());
        assert!(fresh() <= u64::from(u32::MAX));
    }
}
