//! One shard of a campaign, seed after seed.

use std::{path::Path, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    error::CampaignError,
    guide::Guide,
    outcome::{Outcome, Rate, RunOutcome, SeedResult},
    plan::{Plan, Task},
    results::Results,
    shard::Shard,
};
use crate::record::{SCHEMA, exit::Exit};

/// How often a run that proved nothing is tried again. One that never proves anything stays invalid.
const REPEATS_MAX: usize = 2;

/// What a campaign asks.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// What there is to run.
    pub plan: Plan,
    /// From which all seeds follow.
    pub base: String,
    /// How many runs.
    pub seeds: u64,
}

/// What a shard did, as `shards/<i>-of-<n>.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// What the campaign asks.
    pub campaign: String,
    /// Runs of this shard.
    pub planned: u64,
    /// Runs that were done before.
    pub skipped: u64,
    /// Runs of this time.
    pub ran: u64,
    /// Runs of this time that ended in a violation, canaries left out.
    pub violations: u64,
    /// It ended before its last run: by budget, or because it was told to.
    pub stopped: bool,
}

impl Account {
    /// A shard has no verdict, since merging gives it; it only says whether it is done.
    pub fn exit(&self) -> Exit {
        if self.stopped { Exit::Resumable } else { Exit::Pass }
    }
}

/// A run that has ended, and how far the shard has come by it.
#[derive(Debug)]
pub struct Progress<'a> {
    /// What came out.
    pub result: &'a SeedResult,
    /// Situations that no run of this shard had reached.
    pub new_situations: usize,
    /// All that its runs have reached.
    pub situations: usize,
}

/// When to stop before the end.
pub struct Limits<'a> {
    /// No run begins after so much time.
    pub budget: Option<Duration>,
    /// Time since the shard's start.
    pub elapsed: &'a mut dyn FnMut() -> Duration,
    /// Whether somebody asked to stop (SIGTERM, Ctrl-C). Asked between runs and after each: a run that was
    /// interrupted has no result and is run again.
    pub stop: &'a dyn Fn() -> bool,
}

/// Runs what this shard has not done yet. `run` plays one task in the given directory; `progress` hears of each
/// result.
pub fn run(
    campaign: &Campaign,
    shard: Shard,
    results: &Results,
    limits: &mut Limits<'_>,
    run: &mut dyn FnMut(&Task<'_>, &Path) -> RunOutcome,
    progress: &mut dyn FnMut(&Progress<'_>),
) -> Result<Account, CampaignError> {
    let fingerprint = campaign.plan.fingerprint(&campaign.base);
    let mut account = Account {
        campaign: fingerprint.clone(),
        planned: shard.numbers(campaign.seeds).count() as u64,
        ..Account::default()
    };
    let mut guide = Guide::default();
    for number in shard.numbers(campaign.seeds) {
        if let Some(done) = results.read(number) {
            if done.campaign != fingerprint {
                let path = results.seed(number);
                return Err(CampaignError::Mixed {
                    path,
                    found: done.campaign,
                    wanted: fingerprint,
                });
            }
            if done.result.outcome != Outcome::Error {
                account.skipped += 1;
                guide.learn_stored(results, &done);
                continue;
            }
        }
        let late = limits.budget.is_some_and(|budget| (limits.elapsed)() >= budget);
        if late || (limits.stop)() {
            account.stopped = true;
            break;
        }
        let task = guide.task(&campaign.plan, &campaign.base, number);
        let Some(result) = run_task(campaign, &fingerprint, &task, results, limits, run) else {
            account.stopped = true;
            break;
        };
        results.write(&result)?;
        account.ran += 1;
        account.violations += u64::from(result.result.outcome == Outcome::Violation && !result.canary);
        let new_situations = guide.learn_stored(results, &result);
        progress(&Progress {
            result: &result,
            new_situations,
            situations: guide.situations(),
        });
        results.write_account(shard, &account)?;
    }
    results.write_account(shard, &account)?;
    Ok(account)
}

/// One task, and its failure again for a rate; `None` when it was interrupted.
fn run_task(
    campaign: &Campaign,
    fingerprint: &str,
    task: &Task<'_>,
    results: &Results,
    limits: &Limits<'_>,
    run: &mut dyn FnMut(&Task<'_>, &Path) -> RunOutcome,
) -> Option<SeedResult> {
    let directory = results.seed(task.number);
    let mut proved_nothing = Vec::new();
    let result = loop {
        let result = run(task, &directory);
        if (limits.stop)() {
            return None;
        }
        if result.outcome != Outcome::Invalid || proved_nothing.len() == REPEATS_MAX {
            break result;
        }
        proved_nothing.push(result.cause);
    };
    let failed = result.outcome == Outcome::Violation && !task.scenario.canary;
    let mut reproduction = (failed && campaign.plan.reruns > 0).then_some(Rate { seen: 0, of: 0 });
    if let Some(rate) = &mut reproduction {
        for attempt in 0..campaign.plan.reruns {
            let again = run(task, &directory.join("reruns").join(attempt.to_string()));
            // Stopped in the middle: the failure itself is worth more than a whole rate.
            if (limits.stop)() {
                break;
            }
            rate.of += 1;
            rate.seen += u32::from(
                again
                    .signatures
                    .iter()
                    .any(|signature| result.signatures.contains(signature)),
            );
        }
    }
    Some(SeedResult {
        schema: SCHEMA,
        campaign: fingerprint.to_owned(),
        number: task.number,
        seed: task.seed,
        redraws: task.redraws,
        scenario: task.scenario.name.clone(),
        canary: task.scenario.canary,
        result,
        proved_nothing,
        reproduction,
    })
}
