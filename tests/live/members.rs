//! Members that come and go, lose everything, are left behind, and change their version.

use std::{collections::BTreeMap, path::Path};

use checker::{
    cluster::build::{self, Flavour},
    record::{
        directory::{RunDirectory, RunFile},
        fault::FaultRecord,
        verdict::Overall,
    },
    run::live::Outcome,
};

use super::{Interrupter, MACHINE, live, play};

/// Rows change and come back, machines are lost: nothing acknowledged is, and the trace's own checks know that an emptied
/// directory is an operator's act.
#[tokio::test(flavor = "multi_thread")]
async fn members_leave_and_lose_everything() {
    let results = tempfile::tempdir().expect("a temporary directory");
    let outcome = play(results.path(), &["membership", "wipe-data"], 20).await;
    passes(&outcome);
    let effects = effects(&outcome.directory);
    assert!(effects["rows_changed"] >= 1, "{effects:?}");
    assert_eq!(effects["rows_changed"], effects["rows_restored"], "{effects:?}");
    assert!(effects["files_removed"] >= 1, "{effects:?}");
}

/// Half a clone is never taken for a whole one, and a hole in the history never passed over.
#[tokio::test(flavor = "multi_thread")]
async fn copies_are_interrupted_and_stale_members_say_so() {
    let results = tempfile::tempdir().expect("a temporary directory");
    for (story, log_line) in [
        ("initial-sync-interrupted", "half a clone is thrown away"),
        ("stale-member", "initial sync: dropping all data"),
    ] {
        let outcome = play(results.path(), &[story], 12).await;
        passes(&outcome);
        let logs = (0..3).map(|member| outcome.directory.join(format!("nodes/n{member}/log")));
        let mut logs = logs.filter_map(|log| std::fs::read_to_string(log).ok());
        assert!(
            logs.any(|log| log.contains(log_line)),
            "{story}: nobody says {log_line:?}"
        );
    }
    let stale = results.path().join("latest");
    assert!(effects(&stale)["was_recovering"] >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_changes_every_members_binary() {
    let results = tempfile::tempdir().expect("a temporary directory");
    let node = build::programs(Flavour::Correct).expect("the node builds").node;
    let other = results.path().join("the-other-node");
    std::fs::copy(node, &other).expect("it can be copied");
    let alone = MACHINE.lock().await;
    let (_interrupter, interrupt) = Interrupter::pair();
    let mut live = live(results.path(), &["rolling-restart"], 12, interrupt);
    live.places.other_node_binary = Some(other);
    let outcome = live.play().await.expect("the run's own machinery works");
    drop(alone);
    passes(&outcome);
    assert!(effects(&outcome.directory)["binaries_changed"] >= 3);
}

pub(super) fn passes(outcome: &Outcome) {
    assert_eq!(
        outcome.verdict.overall,
        Overall::Pass,
        "{:?} {:#?}",
        outcome.run.shortfalls,
        outcome.verdict
    );
}

/// The effects of all faults of a run, added up.
pub(super) fn effects(directory: &Path) -> BTreeMap<String, u64> {
    let directory = RunDirectory::open(directory).expect("it is there");
    let lines: Vec<FaultRecord> = directory.read_lines(RunFile::Faults, &mut Vec::new());
    // A fault's last line counts.
    let last: BTreeMap<u32, FaultRecord> = lines.into_iter().map(|record| (record.index, record)).collect();
    let mut sums = BTreeMap::new();
    for (name, count) in last.into_values().flat_map(|record| record.effect) {
        *sums.entry(name).or_default() += count;
    }
    sums
}
