//! Which key comes next: a few keys, one of them hot, so that clients meet on the same document.

use crate::{dice::Dice, operation::Key};

/// Keys of a run, with a hot one that moves on.
pub(super) struct HotKeys {
    first: Key,
    count: u32,
    hot: Key,
    heat_percent: u32,
    left: u32,
}

impl HotKeys {
    /// Between `least` and `most` keys, drawn.
    pub(super) fn draw(dice: &mut Dice, least: u32, most: u32) -> Self {
        Self {
            first: 0,
            count: dice.between(least, most),
            hot: 0,
            heat_percent: dice.between(40, 80),
            left: 0,
        }
    }

    /// The same number of keys from `first` on: workloads that use the same collections run side by side.
    pub(super) fn from(self, first: Key) -> Self {
        Self { first, ..self }
    }

    /// The key of the next operation.
    pub(super) fn next(&mut self, dice: &mut Dice) -> Key {
        if self.left == 0 {
            self.hot = dice.below(self.count);
            self.left = dice.between(50, 300);
        }
        self.left -= 1;
        let key = if dice.percent(self.heat_percent) {
            self.hot
        } else {
            dice.below(self.count)
        };
        self.first + key
    }

    /// All keys.
    pub(super) fn all(&self) -> std::ops::Range<Key> {
        self.first..self.first + self.count
    }
}
