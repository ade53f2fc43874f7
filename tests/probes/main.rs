//! Are the probes silent about the correct node, and does each catch the bugs that it is for?

use std::collections::VecDeque;
use std::sync::Mutex;

use checker::checks::{Validity, Verdict};
use checker::cluster::build::{Flavour, Programs, programs};
use checker::hunt::probed::PROBED;
use checker::probes::PROBES;
use checker::probes::ground::Ground;
use checker::probes::probe::Probe;

/// Dialogues at the same time: each has three or four members, most of which wait.
const AT_ONCE: usize = 4;
/// So many dialogues may be starved for good by what else the machine does: that breaks no promise.
const STARVED_MAX: usize = 2;
/// Bugs that are caught within seconds; `checker hunt --world live` asks for all of them.
const CANARIES: [&str; 6] = ["N08", "Q08", "Q09", "Q14", "S11", "S20"];
/// A bug may be missed by chance, and a dialogue be starved: it is held again so often.
const TRIES: usize = 3;

#[test]
fn the_correct_node_keeps_every_promise() {
    let programs = programs(Flavour::Correct).expect("the node can be built");
    let all: Vec<Question> = PROBES.iter().map(|probe| (*probe, None)).collect();
    let wrong = ask(&programs, all, Validity::Valid);
    let broken = wrong
        .iter()
        .filter(|(validity, _)| *validity == Validity::Invalid);
    assert!(broken.count() == 0 && wrong.len() <= STARVED_MAX, "{wrong:#?}");
}

#[test]
fn canaries_are_caught_by_their_probes() {
    let programs = programs(Flavour::PlantedBugs).expect("the node can be built with bugs");
    let quick = PROBED.iter().filter(|(bug, _)| CANARIES.contains(bug));
    let asked = quick.map(|(bug, name)| {
        let probe = Probe::find(name).unwrap_or_else(|| panic!("{bug}: no probe {name}"));
        (probe, Some(*bug))
    });
    let missed = ask(&programs, asked.collect(), Validity::Invalid);
    assert!(missed.is_empty(), "{missed:#?}");
}

/// Whom to ask, and which bug the members have.
type Question = (&'static Probe, Option<&'static str>);

/// Asks all of them; gives those answers that are not as they should be.
fn ask(programs: &Programs, questions: Vec<Question>, wanted: Validity) -> Vec<(Validity, String)> {
    let waiting = Mutex::new(VecDeque::from(questions));
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(question) = next(&waiting) {
                    let verdict = answer(programs, question, wanted);
                    if verdict.validity != wanted {
                        let words = format!("{} {:?}: {verdict:?}", question.0.name, question.1);
                        wrong
                            .lock()
                            .expect("nobody panics with it")
                            .push((verdict.validity, words));
                    }
                }
            });
        }
    });
    wrong.into_inner().expect("nobody panicked with it")
}

fn next(waiting: &Mutex<VecDeque<Question>>) -> Option<Question> {
    waiting.lock().expect("nobody panics with it").pop_front()
}

fn answer(programs: &Programs, (probe, bug): Question, wanted: Validity) -> Verdict {
    let ground = Ground {
        node: programs.node.clone(),
        shim: programs.shim.clone(),
        bug: bug.map(str::to_owned),
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut verdict = runtime.block_on(probe.ask(&ground));
    for _ in 1..TRIES {
        // A broken promise of the correct node is a finding, and is not asked twice.
        if verdict.validity == wanted || verdict.validity == Validity::Invalid {
            break;
        }
        verdict = runtime.block_on(probe.ask(&ground));
    }
    verdict
}
