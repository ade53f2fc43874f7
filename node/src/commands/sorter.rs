//! Sorting what no index brings in order: in memory, within a limit.

use std::collections::VecDeque;

use bson::{Bson, Document};

use super::error::CommandError;
use crate::query::sort::SortPattern;

/// A document with its key in the store and its bytes there.
pub type Found = (Vec<u8>, Document, usize);

/// Documents that are sorted once all of them are there.
pub struct Sorter {
    pattern: SortPattern,
    /// Only so many are wanted.
    wanted: usize,
    bytes_max: usize,
    bytes: usize,
    found: Vec<(Vec<Bson>, Found)>,
}

impl Sorter {
    /// The first `wanted` in the order of `pattern`, holding `bytes_max` at most.
    #[must_use]
    pub fn new(pattern: SortPattern, wanted: usize, bytes_max: usize) -> Self {
        Self {
            pattern,
            wanted,
            bytes_max,
            bytes: 0,
            found: Vec::new(),
        }
    }

    /// One more.
    ///
    /// # Errors
    /// 292 when they are too many bytes.
    pub fn add(&mut self, found: Found) -> Result<(), CommandError> {
        self.bytes += found.2;
        self.found.push((self.pattern.key_of(&found.1), found));
        // Twice as many as are wanted, so that each document is sorted a few times only.
        let enough = self.wanted.saturating_mul(2).max(64);
        if self.found.len() > enough || self.bytes > self.bytes_max {
            self.cut();
        }
        if self.bytes > self.bytes_max {
            let text = format!(
                "Executor error during find command :: caused by :: Sort exceeded memory limit of {} bytes, but did \
                 not opt in to external sorting.",
                self.bytes_max
            );
            return Err(CommandError::new(292, text));
        }
        Ok(())
    }

    /// All that is wanted, in order.
    #[must_use]
    pub fn finish(mut self) -> VecDeque<Found> {
        self.cut();
        self.found.into_iter().map(|(_, found)| found).collect()
    }

    /// Equal ones stay in the order in which they came.
    fn cut(&mut self) {
        self.found
            .sort_by(|(left, _), (right, _)| self.pattern.compare_keys(left, right));
        self.found.truncate(self.wanted);
        self.bytes = self.found.iter().map(|(_, found)| found.2).sum();
    }
}
