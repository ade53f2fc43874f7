//! Guided campaigns: schedules that reached something new are kept, and changed a little.
//!
//! Each run says which situations it reached, and in which turn of its nemeses ([`SituationsRecord`]). A run that reached a
//! new one is kept with those turns; later runs take one that is kept and draw something anew from such a turn on (the order of
//! the nemeses, targets, times, or the moment of a fault relative to what the protocol does), or are drawn afresh.
//!
//! A shard knows what its own runs reached, and learns it again from their results when it is resumed: what a run is follows
//! from the plan, the base, its number, and the results before it.

use std::collections::BTreeSet;

use super::{
    outcome::SeedResult,
    plan::{Plan, Task},
    results::Results,
};
use crate::{
    nemesis::{
        dice::Dice,
        redraw::{CHANGES, Redraw, Redraws},
    },
    record::{directory::RunFile, situations::SituationsRecord},
};

/// How often, of 1000 runs, a schedule that is kept is changed; else one is drawn afresh.
const CHANGED_PERMILLE: u32 = 600;

/// What was kept last is changed as often as all that is older.
const NEWEST: usize = 8;

/// What a shard has learned.
#[derive(Debug, Default)]
pub struct Guide {
    seen: BTreeSet<u32>,
    kept: Vec<Kept>,
}

/// A schedule that reached something new.
#[derive(Debug)]
struct Kept {
    scenario: String,
    seed: u64,
    redraws: Redraws,
    /// Turns in which something new came up.
    turns: Vec<u32>,
}

impl Guide {
    /// What run `number` is.
    pub fn task<'a>(&self, plan: &'a Plan, base: &str, number: u64) -> Task<'a> {
        let fresh = plan.task(base, number);
        let mut dice = Dice::new(fresh.seed, "guide");
        // A canary is there to be found as the plan has it.
        if !plan.guided || fresh.scenario.canary || !dice.chance(CHANGED_PERMILLE) {
            return fresh;
        }
        let oldest = if dice.chance(500) {
            self.kept.len().saturating_sub(NEWEST)
        } else {
            0
        };
        let Some(kept) = dice.pick(&self.kept[oldest..].iter().collect::<Vec<_>>()) else {
            return fresh;
        };
        let known = plan
            .scenario
            .iter()
            .find(|scenario| scenario.name == kept.scenario && !scenario.canary);
        let (Some(scenario), Some(turn), Some((_, what))) =
            (known, dice.pick(&kept.turns), dice.pick(&CHANGES))
        else {
            return fresh;
        };
        let redraw = Redraw {
            // What is new may be the fault's own doing, or that of the one before.
            turn: turn.saturating_sub(dice.below(2) as u32),
            what,
            seed: dice.below(1 << 32) as u32,
        };
        Task {
            number,
            seed: kept.seed,
            redraws: kept.redraws.with(redraw),
            scenario,
        }
    }

    /// Learns what a run reached; gives how many situations were new.
    pub fn learn(&mut self, result: &SeedResult, reached: &SituationsRecord) -> usize {
        if result.canary {
            return 0;
        }
        let new: Vec<u32> = reached
            .each()
            .filter(|(situation, _)| self.seen.insert(*situation))
            .map(|(_, turn)| turn)
            .collect();
        let turns: BTreeSet<u32> = new.iter().copied().collect();
        if !turns.is_empty() {
            self.kept.push(Kept {
                scenario: result.scenario.clone(),
                seed: result.seed,
                redraws: result.redraws,
                turns: turns.into_iter().collect(),
            });
        }
        new.len()
    }

    /// The same from what the run left behind; a run without traces reached nothing that is known.
    pub fn learn_stored(&mut self, results: &Results, result: &SeedResult) -> usize {
        let reached = results
            .run_of(result)
            .and_then(|directory| directory.read(RunFile::Situations, &mut Vec::new()));
        reached.map_or(0, |reached| self.learn(result, &reached))
    }

    /// How many situations have come up.
    pub fn situations(&self) -> usize {
        self.seen.len()
    }

    /// How many schedules are kept.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        campaign::outcome::{Outcome, RunOutcome},
        record::SCHEMA,
    };

    fn plan(guided: bool) -> Plan {
        let text = format!(
            "name = \"x\"\nguided = {guided}\n[[scenario]]\nname = \"a\"\nweight = 4\n[[scenario]]\nname = \"canary\"\ncanary = true\n"
        );
        toml::from_str(&text).expect("it is a plan")
    }

    fn ended(task: &Task<'_>) -> SeedResult {
        SeedResult {
            schema: SCHEMA,
            campaign: String::new(),
            number: task.number,
            seed: task.seed,
            redraws: task.redraws,
            scenario: task.scenario.name.clone(),
            canary: task.scenario.canary,
            result: RunOutcome {
                outcome: Outcome::Pass,
                cause: String::new(),
                signatures: Vec::new(),
                operations: 0,
                duration_ms: 0,
                run: None,
                repeat: String::new(),
            },
            proved_nothing: Vec::new(),
            reproduction: None,
        }
    }

    /// Run `number` reaches `number` once more, in turn 3, and nothing new after the tenth.
    fn campaign(plan: &Plan, runs: u64) -> (Vec<(u64, String, bool)>, Guide) {
        let mut guide = Guide::default();
        let mut tasks = Vec::new();
        for number in 0..runs {
            let task = guide.task(plan, "base", number);
            let reached = SituationsRecord {
                schema: SCHEMA,
                reached: vec![
                    Vec::new(),
                    Vec::new(),
                    Vec::new(),
                    Vec::new(),
                    vec![number.min(9) as u32],
                ],
            };
            guide.learn(&ended(&task), &reached);
            tasks.push((task.seed, task.redraws.to_string(), task.scenario.canary));
        }
        (tasks, guide)
    }

    #[test]
    fn what_reached_something_new_is_kept_and_changed_from_there_on() {
        let plan = plan(true);
        let (tasks, guide) = campaign(&plan, 200);
        assert!(guide.situations() <= 10 && guide.kept() == guide.situations());
        let changed: Vec<&(u64, String, bool)> = tasks.iter().filter(|task| !task.1.is_empty()).collect();
        assert!((60..160).contains(&changed.len()), "{}", changed.len());
        for (seed, redraws, canary) in &changed {
            assert!(!canary, "a canary is as the plan has it");
            assert!(tasks.iter().any(|(earlier, ..)| earlier == seed));
            let redraws: Redraws = redraws.parse().expect("it is a list of changes");
            assert!(redraws.of(2).count() + redraws.of(3).count() > 0, "{redraws}");
        }
        let kinds = |name: &str| changed.iter().any(|task| task.1.contains(name));
        assert!(CHANGES.iter().all(|(name, _)| kinds(name)));
        assert_eq!(
            campaign(&plan, 200).0,
            tasks,
            "the same results, the same campaign"
        );
    }

    #[test]
    fn a_plan_that_is_not_guided_draws_each_run_from_its_number() {
        let (tasks, _) = campaign(&plan(false), 50);
        assert!(tasks.iter().all(|task| task.1.is_empty()));
        let plan = plan(false);
        assert_eq!(tasks[7].0, plan.task("base", 7).seed);
    }
}
