//! The oplog as the core sees it: positions, never documents.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::optime::OpTime;

/// The positions of one member's oplog, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Oplog {
    /// The newest entry that the cap has dropped from the front; null while nothing was dropped.
    base: OpTime,
    entries: VecDeque<OpTime>,
}

impl Default for Oplog {
    fn default() -> Self {
        Self {
            base: OpTime::NULL,
            entries: VecDeque::new(),
        }
    }
}

impl Oplog {
    /// An oplog that holds `entries` after `base`.
    ///
    /// # Panics
    /// When an entry may not follow the one before it: such a log must never be used (§3.1).
    #[must_use]
    pub fn new(base: OpTime, entries: impl IntoIterator<Item = OpTime>) -> Self {
        let mut log = Self {
            base,
            entries: VecDeque::new(),
        };
        for entry in entries {
            log.append(entry);
        }
        log
    }

    /// The newest entry, or null.
    #[must_use]
    pub fn last(&self) -> OpTime {
        self.entries.back().copied().unwrap_or(self.base)
    }

    /// The oldest entry kept, or null.
    #[must_use]
    pub fn oldest(&self) -> OpTime {
        self.entries.front().copied().unwrap_or(OpTime::NULL)
    }

    /// The newest entry dropped from the front, or null.
    #[must_use]
    pub fn base(&self) -> OpTime {
        self.base
    }

    /// Number of entries kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Keeps no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Every entry kept, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = OpTime> + '_ {
        self.entries.iter().copied()
    }

    /// Does this oplog go through `optime`? True for the base too: the entry is gone, the prefix is not.
    #[must_use]
    pub fn contains(&self, optime: OpTime) -> bool {
        optime == self.base || self.find(optime).is_some()
    }

    /// At most `limit` entries that follow `optime`, or `None` when this oplog does not go through it.
    #[must_use]
    pub fn after(&self, optime: OpTime, limit: usize) -> Option<Vec<OpTime>> {
        let start = if optime == self.base {
            0
        } else {
            self.find(optime)? + 1
        };
        Some(self.entries.range(start..).take(limit).copied().collect())
    }

    /// Appends one entry.
    ///
    /// # Panics
    /// When it may not follow the newest one: a log whose order is broken is never repaired (§3.1).
    pub fn append(&mut self, optime: OpTime) {
        assert!(
            optime.may_follow(self.last()),
            "oplog order: {optime} may not follow {}",
            self.last()
        );
        self.entries.push_back(optime);
    }

    /// Removes every entry after `optime`, which must be in the log (or be its base).
    pub fn truncate_after(&mut self, optime: OpTime) {
        debug_assert!(self.contains(optime));
        while self.entries.back().is_some_and(|last| *last > optime) {
            self.entries.pop_back();
        }
    }

    /// The cap: drops the entries up to and including `through`.
    pub fn drop_through(&mut self, through: OpTime) {
        while let Some(&first) = self.entries.front() {
            if first > through {
                break;
            }
            self.base = first;
            self.entries.pop_front();
        }
    }

    // Both parts of an optime rise along one oplog, so it is sorted by (term, timestamp).
    fn find(&self, optime: OpTime) -> Option<usize> {
        self.entries.binary_search(&optime).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(entries: &[(i64, u32)]) -> Oplog {
        Oplog::new(
            OpTime::NULL,
            entries.iter().map(|&(term, inc)| OpTime::new(term, 1, inc)),
        )
    }

    #[test]
    fn a_branch_is_told_apart_by_its_term() {
        let log = log(&[(1, 1), (1, 2), (2, 3)]);
        assert!(log.contains(OpTime::new(1, 1, 2)));
        assert!(
            !log.contains(OpTime::new(1, 1, 3)),
            "same timestamp, other branch"
        );
        assert_eq!(log.after(OpTime::new(1, 1, 3), 9), None);
        assert_eq!(log.after(OpTime::NULL, 2).map(|found| found.len()), Some(2));
    }

    #[test]
    fn the_cap_keeps_the_prefix_known() {
        let mut log = log(&[(1, 1), (1, 2), (2, 3)]);
        log.drop_through(OpTime::new(1, 1, 2));
        assert_eq!(log.oldest(), OpTime::new(2, 1, 3));
        assert_eq!(
            log.after(OpTime::new(1, 1, 2), 9),
            Some(vec![OpTime::new(2, 1, 3)])
        );
        assert_eq!(log.after(OpTime::new(1, 1, 1), 9), None, "too old");
        assert_eq!(log.after(OpTime::NULL, 9), None, "too old");
    }

    #[test]
    fn truncation_keeps_the_common_point() {
        let mut log = log(&[(1, 1), (1, 2), (2, 3)]);
        log.truncate_after(OpTime::new(1, 1, 1));
        assert_eq!(log.last(), OpTime::new(1, 1, 1));
        log.truncate_after(OpTime::NULL);
        assert_eq!(log.last(), OpTime::NULL);
    }

    #[test]
    #[should_panic(expected = "oplog order")]
    fn order_is_never_repaired() {
        log(&[(2, 1)]).append(OpTime::new(1, 1, 2));
    }
}
