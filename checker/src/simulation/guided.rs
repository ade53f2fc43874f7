//! Guided search: schedules that reached something new are kept, and changed a little.
//!
//! A schedule is a seed and the moments at which dice are thrown anew. Up to such a moment the run is the same again, so what
//! it had reached there is reached again; what comes then is another future. Moments are those at which something new came
//! up: a change of timing relative to what the protocol does.

use std::collections::BTreeSet;

use super::options::{Fork, Options, Redrawn};
use super::simulate::{Outcome, simulate};
use crate::nemesis::dice::Dice;

/// A schedule is changed so often at most; then it is too deep.
pub const FORKS_MAX: usize = 4;

/// How often, of 1000 runs, a schedule of the corpus is changed; else a fresh seed is drawn.
const CHANGED_PERMILLE: u32 = 600;
/// A new future begins up to so much before the moment that was new.
const BEFORE_US: u64 = 500_000;
/// Schedules of the corpus that are as likely as all older ones: what was found last is asked most.
const NEWEST: usize = 32;

/// A schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// What is drawn from the beginning.
    pub seed: u64,
    /// When dice are thrown anew.
    pub forks: [Option<Fork>; FORKS_MAX],
}

/// A campaign of one search.
#[derive(Debug)]
pub struct Guided {
    dice: Dice,
    next_seed: u64,
    seen: BTreeSet<u64>,
    corpus: Vec<(Schedule, Vec<u64>)>,
}

impl Guided {
    /// Nothing seen yet; fresh seeds are taken from `from` on.
    #[must_use]
    pub fn new(from: u64) -> Self {
        Self {
            dice: Dice::new(from, "guided"),
            next_seed: from,
            seen: BTreeSet::new(),
            corpus: Vec::new(),
        }
    }

    /// Draws a schedule, simulates it, and learns from it.
    pub fn run(&mut self, options: &Options) -> (Schedule, Outcome) {
        let schedule = self.draw();
        let options = Options {
            forks: schedule.forks,
            cover: true,
            ..*options
        };
        let outcome = simulate(schedule.seed, &options);
        self.learn(schedule, &outcome);
        (schedule, outcome)
    }

    /// How many situations have come up.
    #[must_use]
    pub fn situations(&self) -> usize {
        self.seen.len()
    }

    /// How many schedules are kept.
    #[must_use]
    pub fn corpus(&self) -> usize {
        self.corpus.len()
    }

    fn draw(&mut self) -> Schedule {
        if self.corpus.is_empty() || !self.dice.chance(CHANGED_PERMILLE) {
            self.next_seed += 1;
            return Schedule {
                seed: self.next_seed - 1,
                forks: [None; FORKS_MAX],
            };
        }
        let oldest = if self.dice.chance(500) {
            self.corpus.len().saturating_sub(NEWEST)
        } else {
            0
        };
        let place = self.dice.between(oldest as u64, self.corpus.len() as u64 - 1) as usize;
        let (mut schedule, moments) = self.corpus[place].clone();
        let moment = self.dice.pick(&moments).unwrap_or(0);
        let fork = Fork {
            at_us: moment.saturating_sub(self.dice.below(BEFORE_US)),
            seed: self.dice.below(u64::MAX),
            redrawn: match self.dice.below(3) {
                0 => Redrawn::Faults,
                1 => Redrawn::Network,
                _ => Redrawn::Everything,
            },
        };
        // What was drawn anew later than this moment is another future's.
        let mut forks: Vec<Fork> = schedule.forks.into_iter().flatten().collect();
        forks.retain(|earlier| earlier.at_us < fork.at_us);
        forks.truncate(FORKS_MAX - 1);
        forks.push(fork);
        schedule.forks = [None; FORKS_MAX];
        for (place, fork) in schedule.forks.iter_mut().zip(forks) {
            *place = Some(fork);
        }
        schedule
    }

    fn learn(&mut self, schedule: Schedule, outcome: &Outcome) {
        let Some(coverage) = &outcome.coverage else { return };
        let new = coverage
            .situations()
            .filter(|(situation, _)| self.seen.insert(*situation));
        let moments: Vec<u64> = new.map(|(_, at_us)| at_us).collect();
        if !moments.is_empty() {
            self.corpus.push((schedule, moments));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_schedule_is_the_same_run_up_to_its_fork_and_another_one_then() {
        let plain = Options {
            cover: true,
            judge: false,
            ..Options::default()
        };
        let whole = simulate(7, &plain);
        let half = whole.virtual_us / 2;
        let fork = Fork {
            at_us: half,
            seed: 99,
            redrawn: Redrawn::Everything,
        };
        let forked = Options {
            forks: [Some(fork), None, None, None],
            ..plain
        };
        let other = simulate(7, &forked);
        let early = |outcome: &Outcome| -> Vec<(u64, u64)> {
            let coverage = outcome.coverage.as_ref().expect("it was asked for");
            coverage.situations().filter(|(_, at_us)| *at_us < half).collect()
        };
        assert!(!early(&whole).is_empty());
        assert_eq!(early(&whole), early(&other));
        assert_ne!(whole.digest, other.digest);
        assert_eq!(simulate(7, &forked).digest, other.digest, "it can be repeated");
    }

    #[test]
    fn what_is_new_is_kept_and_changed() {
        let mut guided = Guided::new(1);
        let options = Options {
            judge: false,
            chaos_us_max: 5_000_000,
            ..Options::default()
        };
        let mut changed = 0;
        for _ in 0..20 {
            let (schedule, _) = guided.run(&options);
            changed += usize::from(schedule.forks[0].is_some());
        }
        assert!(changed > 0 && guided.corpus() > 0 && guided.situations() > 100);
    }
}
