//! The contract as a test: the set of verdicts is the same for every number of shards, for a killed shard that
//! is resumed, and for seeds that are run twice.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    path::Path,
    time::Duration,
};

use super::{
    CampaignError,
    known::KnownIssues,
    merge::{Merged, merge},
    outcome::{Outcome, RunOutcome},
    plan::{Plan, Task},
    results::{RESULT, Results},
    runner::{Account, Campaign, Limits, run},
    shard::Shard,
    summary,
};
use crate::{
    record::{
        exit::Exit,
        standing::{self, StandingWord},
    },
    report::export::junit::junit,
};

#[test]
fn verdicts_do_not_depend_on_the_shards() {
    let whole = verdicts(|results| drop(play(results, Shard::WHOLE, None)));
    assert!(
        whole.contains("violation linearizable/stale-read@kill"),
        "{whole}"
    );
    for count in [4, 8, 41] {
        let divided = verdicts(|results| {
            // Backwards: the order of the shards must not matter either.
            for index in (0..count).rev() {
                play(results, shard(index, count), None);
            }
        });
        assert_eq!(divided, whole, "{count} shards");
    }
}

#[test]
fn a_killed_shard_is_resumed() {
    let whole = verdicts(|results| drop(play(results, Shard::WHOLE, None)));
    let resumed = verdicts(|results| {
        play(results, shard(0, 2), None);
        let first = play(results, shard(1, 2), Some(7));
        assert_eq!((first.ran, first.exit()), (7, Exit::Resumable));
        // Killed while writing: half a file under its temporary name, and half a result.
        let half = results.seed(15);
        std::fs::create_dir_all(&half).unwrap();
        std::fs::write(half.join("result.json.123.tmp"), "{\"sche").unwrap();
        std::fs::write(half.join(RESULT), "{\"sche").unwrap();
        let merged = merged(results);
        assert_eq!(merged.missing.len(), 13);
        assert_eq!(merged.missing[0], 15);
        let second = play(results, shard(1, 2), None);
        assert_eq!((second.skipped, second.ran, second.exit()), (7, 13, Exit::Pass));
    });
    assert_eq!(resumed, whole);
}

#[test]
fn a_silent_hole_is_not_green() {
    let directory = tempfile::tempdir().unwrap();
    let results = Results::open(directory.path()).unwrap();
    let mut campaign = honest_campaign();
    campaign.seeds = 6;
    play_with(&campaign, &results, shard(0, 2), None, &mut |_, _| {
        outcome(Outcome::Pass, &[])
    });
    let merged = merge(&campaign, &results, &KnownIssues::default(), "2026-11-21").unwrap();
    assert_eq!(
        (merged.missing.clone(), merged.exit()),
        (vec![1, 3, 5], Exit::Incomplete)
    );
    let xml = junit("night", &summary::cases(&campaign, &merged));
    assert_eq!(xml.matches("<error ").count(), 3, "{xml}");
    assert!(summary::words(&campaign, &merged).contains("missing: 3 runs, first 1, 3, 5"));
}

#[test]
fn an_error_is_neither_pass_nor_fail_and_is_run_again() {
    let directory = tempfile::tempdir().unwrap();
    let results = Results::open(directory.path()).unwrap();
    let mut campaign = honest_campaign();
    campaign.seeds = 3;
    let mut lost = |task: &Task<'_>, _: &Path| {
        outcome(
            if task.number == 1 {
                Outcome::Error
            } else {
                Outcome::Pass
            },
            &[],
        )
    };
    play_with(&campaign, &results, Shard::WHOLE, None, &mut lost);
    let exit = || {
        merge(&campaign, &results, &KnownIssues::default(), "2026-11-21")
            .unwrap()
            .exit()
    };
    assert_eq!(exit(), Exit::Incomplete);
    let again = play_with(&campaign, &results, Shard::WHOLE, None, &mut |_, _| {
        outcome(Outcome::Pass, &[])
    });
    assert_eq!((again.skipped, again.ran), (2, 1));
    assert_eq!(exit(), Exit::Pass);
}

#[test]
fn a_run_that_proves_nothing_is_tried_again_and_told() {
    let directory = tempfile::tempdir().unwrap();
    let results = Results::open(directory.path()).unwrap();
    let mut campaign = honest_campaign();
    campaign.seeds = 2;
    let mut attempts = 0;
    // Run 0 is starved once, run 1 always.
    let mut starved = |task: &Task<'_>, _: &Path| {
        attempts += 1;
        if task.number == 1 || attempts == 1 {
            outcome(Outcome::Invalid, &[])
        } else {
            outcome(Outcome::Pass, &[])
        }
    };
    play_with(&campaign, &results, Shard::WHOLE, None, &mut starved);
    assert_eq!(attempts, 5);
    let merged = merge(&campaign, &results, &KnownIssues::default(), "2026-11-21").unwrap();
    let outcomes: Vec<Outcome> = merged
        .results
        .iter()
        .map(|result| result.result.outcome)
        .collect();
    assert_eq!(outcomes, [Outcome::Pass, Outcome::Invalid]);
    let words = summary::words(&campaign, &merged);
    assert!(
        words.contains("run 0 proved nothing at first (invalid), then: pass"),
        "{words}"
    );
}

#[test]
fn a_blind_tester_makes_the_night_invalid() {
    let directory = tempfile::tempdir().unwrap();
    let results = Results::open(directory.path()).unwrap();
    let campaign = campaign();
    play_with(&campaign, &results, Shard::WHOLE, None, &mut |_, _| {
        outcome(Outcome::Pass, &[])
    });
    let merged = merged(&results);
    assert!(merged.canaries.0 > 0 && merged.canaries.1 == 0);
    assert_eq!(merged.exit(), Exit::Invalid);
}

#[test]
fn known_issues_are_excused_until_their_day() {
    let directory = tempfile::tempdir().unwrap();
    let results = Results::open(directory.path()).unwrap();
    play(&results, Shard::WHOLE, None);
    let known: KnownIssues = toml::from_str(
        "[[known]]\nsignature = \"linearizable/stale-read@*\"\nissue = \"#12\"\nuntil = \"2026-12-01\"\n",
    )
    .unwrap();
    let on = |today| merge(&campaign(), &results, &known, today).unwrap();
    assert_eq!(on("2026-12-01").exit(), Exit::Pass);
    assert_eq!(on("2026-12-02").exit(), Exit::Violation);
    let group = &on("2026-12-01").signatures[0];
    assert_eq!(group.examples.len(), 3, "the smallest three");
    assert!(
        group.examples.is_sorted(),
        "the made-up runs get longer with their number"
    );
    assert!(group.runs > 3);
    let example = on("2026-12-01")
        .results
        .into_iter()
        .find(|result| result.number == group.examples[0])
        .unwrap();
    let rate = example.reproduction.unwrap();
    assert_eq!((rate.seen, rate.of), (2, 4), "every second rerun shows it again");
    // What the page over all runs reads.
    standing::write(directory.path(), summary::standings(&on("2026-12-01"))).unwrap();
    let stored = standing::read(directory.path());
    assert_eq!(
        (stored[0].standing, stored[0].issue.as_str()),
        (StandingWord::Known, "#12")
    );
    assert_eq!(
        summary::standings(&on("2026-12-02"))[0].standing,
        StandingWord::Expired
    );
}

#[test]
fn another_question_does_not_mix_in() {
    let directory = tempfile::tempdir().unwrap();
    let results = Results::open(directory.path()).unwrap();
    play(&results, shard(0, 8), None);
    let other = Campaign {
        base: "tomorrow".to_owned(),
        ..campaign()
    };
    let error = merge(&other, &results, &KnownIssues::default(), "2026-11-21").unwrap_err();
    assert!(matches!(error, CampaignError::Mixed { .. }), "{error}");
}

fn campaign() -> Campaign {
    let plan: Plan = toml::from_str(
        "name = \"night\"\nreruns = 4\n\
         [[scenario]]\nname = \"register\"\nweight = 5\n\
         [[scenario]]\nname = \"canary\"\ncanary = true\n",
    )
    .unwrap();
    Campaign {
        plan,
        base: "2026-11-21".to_owned(),
        seeds: 40,
    }
}

/// Without canaries.
fn honest_campaign() -> Campaign {
    let mut campaign = campaign();
    campaign.plan.scenario.truncate(1);
    campaign
}

/// A made-up run: its outcome follows from its seed alone.
fn made_up(task: &Task<'_>, directory: &Path) -> RunOutcome {
    if task.scenario.canary {
        return outcome(Outcome::Violation, &["canary"]);
    }
    let rerun: Option<u64> = directory.file_name().and_then(|name| name.to_str()?.parse().ok());
    let rerun = rerun.filter(|_| {
        directory
            .parent()
            .is_some_and(|parent| parent.ends_with("reruns"))
    });
    let broken = task.seed.is_multiple_of(3) && rerun.is_none_or(|attempt| attempt.is_multiple_of(2));
    let mut outcome = if broken {
        outcome(Outcome::Violation, &["linearizable/stale-read@kill"])
    } else {
        outcome(Outcome::Pass, &[])
    };
    outcome.duration_ms = 1_000 + task.number;
    outcome
}

fn outcome(outcome: Outcome, signatures: &[&str]) -> RunOutcome {
    RunOutcome {
        outcome,
        cause: outcome.word().to_owned(),
        signatures: signatures.iter().map(ToString::to_string).collect(),
        operations: 10,
        duration_ms: 1_000,
        run: None,
        repeat: "checker run".to_owned(),
    }
}

fn shard(index: u64, count: u64) -> Shard {
    Shard::new(index, count, "test").unwrap()
}

fn verdicts(play: impl FnOnce(&Results)) -> String {
    let directory = tempfile::tempdir().unwrap();
    let results = Results::open(directory.path()).unwrap();
    play(&results);
    merged(&results).verdicts()
}

fn merged(results: &Results) -> Merged {
    merge(&campaign(), results, &KnownIssues::default(), "2026-11-21").unwrap()
}

/// Plays a shard with made-up runs, `budget` of them at most.
fn play(results: &Results, shard: Shard, budget: Option<u64>) -> Account {
    play_with(&campaign(), results, shard, budget, &mut made_up)
}

/// Time passes by a second with each run that ends.
fn play_with(
    campaign: &Campaign,
    results: &Results,
    shard: Shard,
    budget: Option<u64>,
    play: &mut dyn FnMut(&Task<'_>, &Path) -> RunOutcome,
) -> Account {
    let ran = Cell::new(0);
    let seen = RefCell::new(BTreeMap::new());
    let mut limits = Limits {
        budget: budget.map(Duration::from_secs),
        elapsed: &mut || Duration::from_secs(ran.get()),
        stop: &|| false,
    };
    let account = run(campaign, shard, results, &mut limits, play, &mut |result| {
        ran.set(ran.get() + 1);
        *seen.borrow_mut().entry(result.result.number).or_insert(0) += 1;
    });
    assert!(
        seen.borrow().values().all(|times| *times == 1),
        "a run is told once"
    );
    account.unwrap()
}
