//! A bug in simulated clusters: seed after seed.

use std::time::{Duration, Instant};

use protocol::bugs;

use super::{
    oracle,
    question::Question,
    record::{Clean, Trial},
    world::World,
};
use crate::simulation::{Options, simulate_many};

/// The seeds of one trial; trials never share one.
const SEEDS_OF_A_TRIAL: u64 = 1_000_000;

/// Simulates seeds until one is caught by the right oracle, or the time is up.
pub fn hunt(question: &Question, trial_number: u64, budget: Duration) -> Trial {
    let began = Instant::now();
    let mut trial = Trial::default();
    let Some(bug) = bugs::find(question.id) else {
        return trial;
    };
    let options = Options {
        rules: bug.plant(),
        ..Options::default()
    };
    let oracles = question.oracles();
    simulate_many(seeds(trial_number), threads(), &options, |outcome| {
        trial.seeds += 1;
        if let Some(violation) = outcome.violation {
            if oracle::is_right(&violation.oracle, &oracles) {
                trial.words = format!("seed {}: {violation}", outcome.seed);
                trial.caught_by = Some(format!("simulate:{}", violation.oracle));
            }
            if !trial.seen.contains(&violation.oracle) {
                trial.seen.push(violation.oracle);
            }
        } else if let Some(why) = outcome.unknown {
            let words = format!("unknown: seed {} {why}", outcome.seed);
            trial.seen.push(words);
        }
        trial.caught_by.is_none() && began.elapsed() < budget
    });
    trial.elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    trial
}

/// The correct core on the first `count` seeds of each trial.
pub fn clean(trials: u64, count: u64) -> Clean {
    let began = Instant::now();
    let mut clean = Clean::new(World::Simulate);
    for trial in 0..trials {
        let first = seeds(trial).start;
        simulate_many(first..first + count, threads(), &Options::default(), |outcome| {
            clean.runs += 1;
            clean.operations += outcome.operations;
            if let Some(violation) = outcome.violation {
                clean.alarms.push(format!("seed {}: {violation}", outcome.seed));
            } else if let Some(why) = outcome.unknown {
                clean
                    .invalid
                    .push(format!("unknown: seed {} {why}", outcome.seed));
            }
            true
        });
    }
    clean.elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    clean
}

fn seeds(trial: u64) -> std::ops::Range<u64> {
    trial * SEEDS_OF_A_TRIAL..(trial + 1) * SEEDS_OF_A_TRIAL
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_early_acknowledgement_is_caught_by_its_name_and_the_clean_core_is_silent() {
        let question = Question::find("C12").expect("it is in the exam");
        let trial = hunt(&question, 0, Duration::from_secs(60));
        let oracle = trial.caught_by.expect("it is caught");
        assert!(oracle::is_right(&oracle, &question.oracles()));
        let clean = clean(1, 3);
        assert_eq!((clean.runs, clean.alarms), (3, Vec::new()));
    }
}
