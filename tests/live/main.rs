//! Does a real replica set on this machine keep its promises, and does a whole run say so?
//!
//! Ten-second runs on three processes: the tester's whole way from sources to verdict. The server is built when
//! it is not yet.

mod backends;
mod canary;
mod limits;
mod members;
mod standstill;
mod stories;

use std::{path::Path, time::Duration};

use checker::{
    checks::Validity,
    console::Console,
    nemesis::NEMESES,
    record::{
        coverage::CoverageRecord,
        directory::{RunDirectory, RunFile},
        exit::Exit,
        verdict::Overall,
    },
    run::{
        interrupt::{Interrupt, Interrupter, Wish},
        live::{Live, Outcome},
        scenario::{Cast, Places, Scenario, System},
        traces,
    },
};
use tokio::sync::Mutex;
use workloads::catalogue::{self, WORKLOADS};

#[tokio::test(flavor = "multi_thread")]
async fn without_faults_nothing_fails() {
    let results = tempfile::tempdir().expect("a temporary directory");
    let outcome = play(results.path(), &[], 10).await;
    assert_eq!(
        outcome.verdict.overall,
        Overall::Pass,
        "{:#?}",
        outcome.verdict.checks
    );
    let counts = outcome.run.counts();
    assert_eq!((counts.fail, counts.info), (0, 0), "of {counts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_killed_and_nothing_acknowledged_is_lost() {
    let results = tempfile::tempdir().expect("a temporary directory");
    let outcome = play(results.path(), &["kill"], 15).await;
    assert_eq!(
        outcome.verdict.overall,
        Overall::Pass,
        "{:?} {:#?}",
        outcome.run.shortfalls,
        outcome.verdict
    );
    assert_eq!(Exit::from(outcome.verdict.overall), Exit::Pass);
    for file in [RunFile::Run, RunFile::History, RunFile::Faults, RunFile::Verdict] {
        assert!(outcome.directory.join(file.name()).is_file(), "{file:?}");
    }
    assert!(outcome.report.is_file());
    assert!(results.path().join("index.html").is_file());
    let log = outcome.directory.join("nodes/n0/log");
    assert!(std::fs::metadata(log).is_ok_and(|log| log.len() > 0));
}

/// All workloads side by side, so that every action meets a real server, and every check its history.
#[tokio::test(flavor = "multi_thread")]
async fn every_workload_keeps_its_promises_while_members_are_killed() {
    let results = tempfile::tempdir().expect("a temporary directory");
    let alone = MACHINE.lock().await;
    let (_interrupter, interrupt) = Interrupter::pair();
    let mut live = live(results.path(), &["kill"], 20, interrupt);
    live.cast.workloads = WORKLOADS.iter().collect();
    live.scenario.processes = 1;
    live.scenario.rate = Some(60);
    let outcome = live.play().await.expect("the run's own machinery works");
    drop(alone);
    let verdict = &outcome.verdict;
    assert_eq!(
        verdict.overall,
        Overall::Pass,
        "{}: {:#?}",
        verdict.cause,
        verdict.checks
    );
    for workload in &outcome.run.workloads {
        assert!(workload.counts.ok > 0, "{}: {:?}", workload.name, workload.counts);
    }
    for name in ["exactly-once", "recovery", "causal-order"] {
        let check = verdict.checks.iter().find(|check| check.check == name);
        assert!(
            check.is_some_and(|check| check.validity == Validity::Valid),
            "{name}: {check:?}"
        );
    }
    assert!(outcome.directory.join(RunFile::Marks.name()).is_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directed_schedule_is_told_and_every_step_is_replayed() {
    let results = tempfile::tempdir().expect("a temporary directory");
    let outcome = play(results.path(), &["primary-divergence"], 15).await;
    assert_eq!(
        outcome.verdict.overall,
        Overall::Pass,
        "{:?} {:#?}",
        outcome.run.shortfalls,
        outcome.verdict
    );
    let steps = outcome
        .verdict
        .checks
        .iter()
        .find(|check| check.check == traces::NAME);
    assert!(steps.is_some_and(|steps| steps.operations > 1_000), "{steps:?}");
    let directory = RunDirectory::open(&outcome.directory).expect("it is there");
    let coverage: Option<CoverageRecord> = directory.read(RunFile::Coverage, &mut Vec::new());
    let coverage = coverage.expect("it was counted which rules fired");
    assert!(
        coverage.worlds[traces::WORLD]["become_primary"] >= 2,
        "{coverage:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_commands_are_faults_that_strike() {
    let results = tempfile::tempdir().expect("a temporary directory");
    let outcome = play(results.path(), &["step-down", "shut-down"], 15).await;
    assert_eq!(
        outcome.verdict.overall,
        Overall::Pass,
        "{:?} {:#?}",
        outcome.run.shortfalls,
        outcome.verdict
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_heals_and_leaves_a_report() {
    let results = tempfile::tempdir().expect("a temporary directory");
    let _alone = MACHINE.lock().await;
    let (interrupter, interrupt) = Interrupter::pair();
    let live = live(results.path(), &["kill"], 3_600, interrupt);
    let playing = tokio::spawn(live.play());
    // The first fault on record shows that the run is in its middle.
    while !first_fault(results.path()) {
        assert!(!playing.is_finished(), "{:?}", playing.await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    interrupter.wish(Wish::Finish);
    let outcome = playing
        .await
        .expect("it does not panic")
        .expect("it ends in order");
    assert_eq!(
        outcome.verdict.overall,
        Overall::Invalid,
        "{}",
        outcome.verdict.cause
    );
    assert!(outcome.report.is_file());
}

/// One set at a time: three on a small machine would test its scheduler.
pub(crate) static MACHINE: Mutex<()> = Mutex::const_new(());

async fn play(results: &Path, nemeses: &[&str], seconds: u64) -> Outcome {
    let _alone = MACHINE.lock().await;
    let (_interrupter, interrupt) = Interrupter::pair();
    let live = live(results, nemeses, seconds, interrupt);
    live.play().await.expect("the run's own machinery works")
}

pub(crate) fn live(results: &Path, nemeses: &[&str], seconds: u64, interrupt: Interrupt) -> Live {
    let nemesis = |name: &&str| NEMESES.iter().find(|nemesis| nemesis.name == *name);
    Live {
        scenario: Scenario {
            seed: 1,
            members: Scenario::MEMBERS,
            time_limit: Duration::from_secs(seconds),
            processes: 3,
            // Little enough for a machine that builds beside it.
            rate: Some(50),
            ..Scenario::default()
        },
        cast: Cast {
            workloads: Cast::WORKLOADS
                .iter()
                .filter_map(|name| catalogue::find(name))
                .collect(),
            nemeses: nemeses.iter().filter_map(nemesis).collect(),
            planted_bug: None,
        },
        places: Places {
            results: results.to_owned(),
            node_binary: None,
            other_node_binary: None,
            story: None,
            keep_data: false,
            system: System::Node,
        },
        model: None,
        console: Console::silent(),
        interrupt,
    }
}

pub(crate) fn first_fault(results: &Path) -> bool {
    let faults = results.join("latest").join(RunFile::Faults.name());
    std::fs::metadata(faults).is_ok_and(|file| file.len() > 0)
}
