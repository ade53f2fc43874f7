//! Keeps a loop within the budget, and says what was found by then.

use super::{
    Budget, Verdict,
    anomaly_list::Anomalies,
    budget::{Exhausted, Meter},
};

/// Steps between two looks at the clock. One step is an operation or an element: together they take microseconds.
const STEPS: u32 = 1024;

/// Elements that are sorted in one step: a millisecond or two.
const SORTED_AT_ONCE: usize = 1 << 14;

/// A running budget of a check whose steps cost next to nothing.
pub(super) struct Watch {
    meter: Meter,
    until_look: u32,
    held_bytes: usize,
}

impl Watch {
    /// Starts now.
    pub(super) fn start(budget: &Budget) -> Self {
        Self {
            meter: Meter::start(budget),
            until_look: 0,
            held_bytes: 0,
        }
    }

    /// Within a budget that runs already, by one who holds so much.
    pub(super) const fn of(meter: &Meter, held_bytes: usize) -> Self {
        Self {
            meter: *meter,
            until_look: 0,
            held_bytes,
        }
    }

    /// Before one step.
    ///
    /// # Errors
    /// Which limit was reached.
    pub(super) fn step(&mut self) -> Result<(), Exhausted> {
        self.steps(1)
    }

    /// Before several.
    ///
    /// # Errors
    /// Which limit was reached.
    pub(super) fn steps(&mut self, several: usize) -> Result<(), Exhausted> {
        let several = u32::try_from(several).unwrap_or(u32::MAX);
        if let Some(left) = self.until_look.checked_sub(several) {
            self.until_look = left;
            return Ok(());
        }
        self.until_look = STEPS;
        self.meter.check(self.held_bytes)
    }

    /// So many elements more are held, each of `T`. Half as much again is counted for the room that tables grow into.
    pub(super) const fn holds<T>(&mut self, several: usize) {
        self.held_bytes += several * size_of::<T>() * 3 / 2;
    }

    /// A step that may be a long one, like sorting what is held: looks at once.
    ///
    /// # Errors
    /// Which limit was reached.
    pub(super) fn look(&mut self) -> Result<(), Exhausted> {
        self.until_look = STEPS;
        self.meter.check(self.held_bytes)
    }

    /// Sorts, looking at the budget all the way: sorting a million at once takes longer than many a budget's tenth.
    /// Elements that are equal are one and the same to whoever calls this.
    ///
    /// # Errors
    /// Which limit was reached; the elements are in no order then.
    pub(super) fn sort<T: Copy + Ord>(&mut self, elements: &mut Vec<T>) -> Result<(), Exhausted> {
        if elements.is_sorted() {
            return self.look();
        }
        for some in elements.chunks_mut(SORTED_AT_ONCE) {
            self.look()?;
            some.sort_unstable();
        }
        let (mut sorted, mut merged) = (SORTED_AT_ONCE, Vec::new());
        if sorted < elements.len() {
            merged.reserve_exact(elements.len());
        }
        while sorted < elements.len() {
            for both in elements.chunks(2 * sorted) {
                let (left, right) = both.split_at(sorted.min(both.len()));
                self.merge(left, right, &mut merged)?;
            }
            std::mem::swap(elements, &mut merged);
            merged.clear();
            sorted *= 2;
        }
        Ok(())
    }

    fn merge<T: Copy + Ord>(
        &mut self,
        mut left: &[T],
        mut right: &[T],
        merged: &mut Vec<T>,
    ) -> Result<(), Exhausted> {
        while let (Some(first), Some(second)) = (left.first(), right.first()) {
            self.step()?;
            // Nearly everything is in order already: whole stretches are taken at once.
            if first <= second {
                let stretch = left.iter().take(STEPS as usize).take_while(|one| *one <= second);
                let (taken, rest) = left.split_at(stretch.count());
                merged.extend_from_slice(taken);
                left = rest;
            } else {
                let stretch = right.iter().take(STEPS as usize).take_while(|one| *one < first);
                let (taken, rest) = right.split_at(stretch.count());
                merged.extend_from_slice(taken);
                right = rest;
            }
        }
        self.look()?;
        merged.extend_from_slice(left);
        merged.extend_from_slice(right);
        Ok(())
    }
}

/// Judges within the budget. When it ends before: invalid by what was found until then, or unknown with the reason.
pub(super) fn within(
    name: &str,
    budget: &Budget,
    judge: impl FnOnce(&mut Watch, &mut Anomalies) -> Result<Verdict, Exhausted>,
) -> Verdict {
    let mut anomalies = Anomalies::default();
    let mut watch = Watch::start(budget);
    match judge(&mut watch, &mut anomalies) {
        Ok(verdict) => verdict,
        Err(Exhausted(reason)) if anomalies.is_empty() => Verdict::unknown(name, 0, reason),
        Err(Exhausted(reason)) => {
            let mut verdict = anomalies.verdict(name, 0, String::new);
            verdict.notes.push(format!("the rest was not judged: {reason}"));
            verdict
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        bench::{FAMILIES, generate_family},
        checks::{CHECKS, Validity, fixtures::ok},
    };
    use workloads::operation::{Action, Observed};

    /// Every check, on a history that it accepts with the budget that is usual.
    #[test]
    fn a_check_that_can_not_end_within_its_budget_is_unknown_and_says_why() {
        let mut judged = std::collections::BTreeSet::new();
        for (family, checks) in FAMILIES {
            let history = generate_family(family, 20_000, 1, None);
            for (name, _) in checks {
                let check = CHECKS
                    .iter()
                    .find(|check| check.name == *name)
                    .expect("it is one");
                let judge = |budget: &Budget| (check.run)(&history, budget);
                let usual = Budget::default();
                let verdict = judge(&usual);
                assert_eq!(verdict.validity, Validity::Valid, "{name}: {}", verdict.summary);
                let no_time = Budget {
                    time: Duration::ZERO,
                    ..usual
                };
                let little_memory = Budget {
                    memory_bytes: 1 << 14,
                    ..usual
                };
                for (budget, reason) in [(no_time, "time budget"), (little_memory, "memory budget")] {
                    let verdict = judge(&budget);
                    assert_eq!(verdict.validity, Validity::Unknown, "{name}: {}", verdict.summary);
                    assert!(verdict.summary.contains(reason), "{name}: {}", verdict.summary);
                }
                judged.insert(*name);
            }
        }
        let all: std::collections::BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(judged, all);
    }

    #[test]
    fn sorting_looks_at_the_budget_and_sorts() {
        let mut dice = crate::nemesis::dice::Dice::new(7, "sorting");
        for length in [1, 5, SORTED_AT_ONCE, 3 * SORTED_AT_ONCE + 17, 100_000] {
            for shuffled in [0, 3, length] {
                let mut elements: Vec<u64> = (0..length as u64).map(|number| number / 2).collect();
                for _ in 0..shuffled {
                    let mut place = || dice.below(length as u64) as usize;
                    elements.swap(place(), place());
                }
                let mut wanted = elements.clone();
                wanted.sort_unstable();
                let mut watch = Watch::start(&Budget::default());
                assert!(watch.sort(&mut elements).is_ok());
                assert!(elements == wanted, "{length} elements, {shuffled} of them moved");
            }
        }
        let mut watch = Watch::start(&Budget {
            time: Duration::ZERO,
            ..Budget::default()
        });
        assert!(watch.sort(&mut vec![2, 1]).is_err());
    }

    #[test]
    fn what_was_found_before_the_budget_ended_counts() {
        let op = ok(1, 2, Action::Read { key: 3 }, Observed::Register(None));
        let spent = Budget {
            time: Duration::ZERO,
            ..Budget::default()
        };
        let verdict = within("any", &spent, |watch, anomalies| {
            anomalies.add("found", 3, "found early".to_owned(), &[&op]);
            watch.step()?;
            Ok(anomalies.verdict("any", 1, String::new))
        });
        assert_eq!(verdict.validity, Validity::Invalid);
        assert!(verdict.notes[0].contains("time budget"), "{:?}", verdict.notes);
    }
}
