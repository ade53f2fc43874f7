//! A scenario file told to real processes.

use checker::{
    record::verdict::Overall,
    run::{interrupt::Interrupter, retell::retell},
};

use super::{MACHINE, live};

/// The first primary is cut off while it is written to; another one leads; the first comes back, and loses its power.
const STORY: &str = "members 3
settle
elect 0
write 0
isolate 0
write 0
elect 1
write 1
heal
settle
crash 0
settle
restart 0
settle
";

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_is_told_to_real_processes() {
    let results = tempfile::tempdir().expect("a temporary directory");
    let retold = retell(STORY).expect("it is a story");
    assert!(retold.left_out.is_empty(), "{:?}", retold.left_out);
    let _alone = MACHINE.lock().await;
    let (_interrupter, interrupt) = Interrupter::pair();
    let mut live = live(results.path(), &[], 20, interrupt);
    live.cast.nemeses = vec![retold.nemesis];
    let outcome = live.play().await.expect("the run's own machinery works");
    // Among the reasons for "pass": the story was told to its end at least once.
    assert_eq!(
        outcome.verdict.overall,
        Overall::Pass,
        "{:?} {:#?}",
        outcome.run.shortfalls,
        outcome.verdict
    );
    for kind in ["step-up", "partition", "power-loss"] {
        assert!(
            outcome.struck > 0 && has_struck(results.path(), kind),
            "{kind} did not strike"
        );
    }
}

fn has_struck(results: &std::path::Path, kind: &str) -> bool {
    let faults = std::fs::read_to_string(results.join("latest/faults.jsonl")).unwrap_or_default();
    faults
        .lines()
        .any(|line| line.contains(&format!("\"kind\":\"{kind}\"")) && line.contains("\"took_effect\":true"))
}
