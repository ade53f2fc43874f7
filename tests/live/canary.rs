//! Are the live runs awake? A server that is known to be sick is caught, by the promise that it breaks.

use std::time::Duration;

use checker::{
    cluster::build::{Flavour, programs},
    hunt::{in_live_runs::Ground, oracle, question::Question},
    run::interrupt::Interrupter,
};

use super::MACHINE;

/// Four runs: the first one shows it nearly always.
const BUDGET: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgets_its_votes_is_caught() {
    let results = tempfile::tempdir().expect("a temporary directory");
    let build = |flavour| programs(flavour).expect("the node can be built");
    let (correct, planted) = (build(Flavour::Correct), build(Flavour::PlantedBugs));
    let question = Question::find("E01S").expect("it is in the exam");
    let (_interrupter, interrupt) = Interrupter::pair();
    let ground = Ground {
        results: results.path().to_owned(),
        correct: correct.node,
        planted: planted.node,
        shim: correct.shim,
        interrupt,
    };
    let _alone = MACHINE.lock().await;
    let trial = ground.hunt(&question, 0, BUDGET).await;
    let caught = trial.caught_by.as_deref();
    assert!(
        caught.is_some_and(|oracle| oracle::is_right(oracle, &question.oracles())),
        "{trial:?}"
    );
}
