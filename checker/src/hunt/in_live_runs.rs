//! A bug in real processes: run after run.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use workloads::catalogue;

use super::{
    oracle,
    question::{Question, Setting},
    record::{Clean, Trial},
    world::World,
};
use crate::{
    checks::Validity,
    console::Console,
    nemesis::NEMESES,
    probes,
    record::verdict::Overall,
    run::{
        error::RunError,
        interrupt::{Interrupt, Wish},
        live::{Live, Outcome},
        scenario::{Cast, Places, Scenario, System},
    },
};

/// The runs of one trial; trials never share a seed.
const SEEDS_OF_A_TRIAL: u64 = 1_000;

/// How often a bug's probes are asked at most.
const DIALOGUES_MAX: u64 = 3;

/// What live hunts need of their surroundings.
pub struct Ground {
    /// Runs are kept here.
    pub results: PathBuf,
    /// The node without any bug.
    pub correct: PathBuf,
    /// The node that can have one.
    pub planted: PathBuf,
    /// The preload library.
    pub shim: PathBuf,
    /// Ctrl-C.
    pub interrupt: Interrupt,
}

impl Ground {
    /// Runs until one is caught by the right oracle, or the time is up; at least one.
    pub async fn hunt(&self, question: &Question, trial_number: u64, budget: Duration) -> Trial {
        let began = Instant::now();
        let oracles = question.oracles();
        let mut trial = self.probe(question, budget).await;
        let dialogues = trial.seeds;
        while goes_on(
            &trial,
            trial.seeds - dialogues,
            began.elapsed() + length(&question.setting),
            budget,
        ) {
            let seed = 1 + trial_number * SEEDS_OF_A_TRIAL + trial.seeds - dialogues;
            trial.seeds += 1;
            let outcome = match self.play(&question.setting, seed, Some(question.id)).await {
                Ok(outcome) => outcome,
                // A sick server that can't even begin is no catch, and must not end the hunt of all others.
                Err(error) => {
                    trial.seen.push(format!("error: {error}"));
                    break;
                }
            };
            for (oracle, words) in oracle::of_verdicts(&outcome.verdict.checks) {
                if trial.caught_by.is_none() && oracle::is_right(&oracle, &oracles) {
                    trial.words = format!("seed {seed}: {words}");
                    trial.caught_by = Some(oracle.clone());
                }
                if !trial.seen.contains(&oracle) {
                    trial.seen.push(oracle);
                }
            }
            if self.interrupt.wish() >= Wish::Finish {
                break;
            }
        }
        trial.elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        trial
    }

    /// The correct node under each kind of run that was asked, with the seeds of the first runs.
    ///
    /// # Errors
    /// When the checker itself fails.
    pub async fn clean(&self, questions: &[Question], trials: u64) -> Result<Clean, RunError> {
        let began = Instant::now();
        let mut clean = Clean::new(World::Live);
        let mut settings: Vec<Setting> = Vec::new();
        for question in questions {
            if !settings.contains(&question.setting) {
                settings.push(question.setting);
            }
        }
        for probe in probes::PROBES {
            if !questions
                .iter()
                .any(|question| question.probes().any(|own| own.name == probe.name))
            {
                continue;
            }
            let verdict = probe.ask(&self.probed(None)).await;
            clean.runs += 1;
            clean.operations += verdict.operations;
            let words = format!("{}: {}", probe.name, verdict.summary);
            match verdict.validity {
                Validity::Valid => {}
                Validity::Invalid => clean.alarms.push(words),
                Validity::Unknown => clean.invalid.push(words),
            }
        }
        for setting in settings {
            for trial in 0..trials {
                if self.interrupt.wish() >= Wish::Finish {
                    break;
                }
                let seed = 1 + trial * SEEDS_OF_A_TRIAL;
                let outcome = self.play(&setting, seed, None).await?;
                clean.runs += 1;
                clean.operations += outcome.run.counts().total();
                clean.faults += outcome.struck;
                let words = format!(
                    "{} under {}, seed {seed}: {}",
                    setting.workloads.join("+"),
                    setting.nemeses.join("+"),
                    outcome.verdict.cause
                );
                match outcome.verdict.overall {
                    Overall::Pass => {}
                    Overall::Violation => clean.alarms.push(words),
                    Overall::Invalid | Overall::Unknown => clean.invalid.push(words),
                }
            }
        }
        clean.elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(clean)
    }

    /// The bug's own dialogues, before chance is given one: a dialogue can be starved, or miss the bug by chance,
    /// and is held again then.
    async fn probe(&self, question: &Question, budget: Duration) -> Trial {
        let began = Instant::now();
        let mut trial = Trial::default();
        for probe in question.probes() {
            let ground = self.probed(Some(question.id));
            let mut verdict = probe.ask(&ground).await;
            trial.seeds += 1;
            while verdict.validity != Validity::Invalid
                && trial.seeds < DIALOGUES_MAX
                && began.elapsed() < budget
            {
                verdict = probe.ask(&ground).await;
                trial.seeds += 1;
            }
            if verdict.validity == Validity::Invalid {
                trial.seen.push(probe.oracle());
                trial.words = verdict.summary;
                trial.caught_by = Some(probe.oracle());
                break;
            }
        }
        trial
    }

    fn probed(&self, bug: Option<&str>) -> probes::ground::Ground {
        let node = if bug.is_some() {
            &self.planted
        } else {
            &self.correct
        };
        probes::ground::Ground {
            node: node.clone(),
            shim: self.shim.clone(),
            bug: bug.map(str::to_owned),
        }
    }

    async fn play(&self, setting: &Setting, seed: u64, bug: Option<&str>) -> Result<Outcome, RunError> {
        let nemesis = |name: &&str| NEMESES.iter().find(|nemesis| nemesis.name == *name);
        let live = Live {
            scenario: Scenario {
                seed,
                members: setting.members,
                arbiters: setting.arbiters,
                time_limit: Duration::from_secs(setting.seconds),
                processes: Scenario::PROCESSES,
                rate: Some(Scenario::RATE),
                ..Scenario::default()
            },
            cast: Cast {
                workloads: setting
                    .workloads
                    .iter()
                    .filter_map(|name| catalogue::find(name))
                    .collect(),
                nemeses: setting.nemeses.iter().filter_map(nemesis).collect(),
                planted_bug: bug.map(str::to_owned),
            },
            places: Places {
                results: self.results.clone(),
                other_node_binary: None,
                node_binary: Some(if bug.is_some() {
                    self.planted.clone()
                } else {
                    self.correct.clone()
                }),
                story: None,
                keep_data: false,
                system: System::Node,
            },
            model: None,
            console: Console::silent(),
            interrupt: self.interrupt.clone(),
        };
        live.play().await
    }
}

/// Whether another run is played: at least one, and no more than there is time for, until the bug is caught.
fn goes_on(trial: &Trial, runs: u64, end_of_next: Duration, budget: Duration) -> bool {
    trial.caught_by.is_none() && (runs == 0 || end_of_next < budget)
}

/// How long a run takes at least, with its start and its end.
fn length(setting: &Setting) -> Duration {
    Duration::from_secs(setting.seconds + 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_probe_has_caught_is_not_looked_for_any_more() {
        let (soon, late) = (Duration::from_secs(30), Duration::from_secs(90));
        let budget = Duration::from_secs(60);
        let missed = Trial::default();
        let caught = Trial {
            caught_by: Some("probe:it-is-kept".to_owned()),
            ..Trial::default()
        };
        assert!(goes_on(&missed, 0, late, budget), "one run at least");
        assert!(goes_on(&missed, 1, soon, budget));
        assert!(!goes_on(&missed, 1, late, budget));
        assert!(!goes_on(&caught, 0, soon, budget));
    }
}
