//! What one check may spend, and when it must stop.

use std::time::{Duration, Instant};

/// Limits of one check on one history. A check that reaches one answers `unknown` and says which; if it has found a violation
/// by then, that stands. Memory is counted by what the tables of a check hold; it is looked at, as the clock is, every few
/// thousand steps, and before steps that are longer (sorting, components, zones of one key).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Wall-clock time.
    pub time: Duration,
    /// Memory beside the history, in bytes.
    pub memory_bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(60),
            memory_bytes: 2 << 30,
        }
    }
}

/// Why a check stopped early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Exhausted(pub(crate) String);

/// A running budget.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    start: Instant,
    budget: Budget,
}

impl Meter {
    /// Starts now.
    pub(crate) fn start(budget: &Budget) -> Self {
        Self {
            start: Instant::now(),
            budget: *budget,
        }
    }

    /// Whether time is left, and `memory_bytes` is allowed.
    ///
    /// # Errors
    /// Which limit was reached.
    pub(crate) fn check(&self, memory_bytes: usize) -> Result<(), Exhausted> {
        if self.start.elapsed() >= self.budget.time {
            return Err(Exhausted(format!(
                "the time budget of {:?} is spent",
                self.budget.time
            )));
        }
        if memory_bytes > self.budget.memory_bytes {
            let mebibytes = self.budget.memory_bytes >> 20;
            return Err(Exhausted(format!(
                "the memory budget of {mebibytes} MiB is spent"
            )));
        }
        Ok(())
    }

    /// For each of so many that spend memory at the same time: its share of it.
    pub(crate) const fn among(&self, several: usize) -> Self {
        let several = if several == 0 { 1 } else { several };
        let budget = Budget {
            time: self.budget.time,
            memory_bytes: self.budget.memory_bytes / several,
        };
        Self {
            start: self.start,
            budget,
        }
    }

    /// A budget for a part: `share_percent` of the time that is left, at most `most`.
    pub(crate) fn part(&self, share_percent: u32, most: Duration) -> Self {
        let left = self.budget.time.saturating_sub(self.start.elapsed());
        let budget = Budget {
            time: (left * share_percent / 100).min(most),
            ..self.budget
        };
        Self {
            start: Instant::now(),
            budget,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_spend_at_the_same_time_keep_within_one_budget() {
        let budget = Budget {
            time: Duration::from_secs(60),
            memory_bytes: 4 << 20,
        };
        let each = Meter::start(&budget).among(4);
        assert!(each.check(1 << 20).is_ok());
        let Exhausted(reason) = each.check((1 << 20) + 1).unwrap_err();
        assert!(reason.contains("memory budget"), "{reason}");
        assert_eq!(Meter::start(&budget).among(0).check(4 << 20), Ok(()));
    }
}
