//! Every planted bug of the core that names the model is caught by it.
//!
//! That the correct core passes the same models is shown in `tests/models`.

use std::collections::BTreeSet;

use checker::invariants::INVARIANTS;
use checker::model::bare::BreadthFirst;
use checker::model::check::{Answer, check};
use checker::model::family;
use protocol::bugs::{BUGS, Bug, find};

/// Which model catches which bug, and the states on the shortest way to it.
pub const EXAM: [(&str, &str, usize); 52] = [
    ("C01", "figure-8", 5),
    ("C02", "figure-8", 5),
    ("C03", "elections", 8),
    ("C04", "elections", 9),
    ("C05", "figure-8", 5),
    ("C07", "arbiters", 2),
    ("C08", "voteless", 4),
    ("C09", "arbiters", 4),
    ("C11", "hints", 3),
    ("C12", "arbiters", 3),
    ("C14", "figure-8", 0),
    ("C15", "catch-up", 3),
    ("C17", "arbiters", 4),
    ("D04", "figure-8", 5),
    ("D09", "config-durability", 12),
    ("E01", "elections", 10),
    ("E03", "figure-8", 3),
    ("E05", "figure-8", 5),
    ("E06", "figure-8", 7),
    ("E08", "even-quorums", 3),
    ("E09", "voteless", 2),
    ("E10", "reconfiguration", 11),
    ("E11", "dry-runs", 3),
    ("E13", "arbiters", 3),
    ("E17", "hints", 2),
    ("E18", "hints", 2),
    ("E19", "hints", 2),
    ("P01", "figure-8", 6),
    ("P02", "chained", 11),
    ("P05", "arbiters", 0),
    ("Q01", "linearizable", 8),
    ("Q03", "linearizable", 8),
    ("Q04", "figure-8", 2),
    ("Q10", "hints", 2),
    ("Q11", "hints", 2),
    ("Q18", "late-answers", 14),
    ("Q19", "linearizable", 5),
    ("R01", "reconfiguration", 6),
    ("R02", "reconfiguration", 12),
    ("R03", "reconfiguration", 6),
    ("R04", "growing-set", 8),
    ("R05", "two-changes", 14),
    ("R07", "reconfiguration", 3),
    ("R09", "hints", 5),
    ("R11", "reconfiguration", 6),
    ("R12", "reconfiguration", 6),
    ("S01", "figure-8", 6),
    ("S07", "hints", 2),
    ("S08", "figure-8", 5),
    ("S14", "branches-at-catch-up", 9),
    ("T01", "arbiters", 3),
    ("T04", "dry-runs", 12),
];

#[test]
fn every_bug_is_caught_by_the_model_that_is_named_here() {
    for (id, model, length) in EXAM {
        let bug = find(id).expect("a bug of this id");
        let model = family::find(model).expect("a model of this name");
        let finding = check(model, bug.plant(), &BreadthFirst::default());
        match &finding.answer {
            Answer::Violated {
                invariant,
                length: found,
                chart,
            } => {
                let oracle = format!("model:{}", invariant_id(invariant));
                assert!(
                    bug.caught_by.contains(&oracle.as_str()),
                    "{id} by {oracle}\n{chart}"
                );
                assert_eq!(*found, length, "{id}\n{chart}");
            }
            Answer::Vacuous { .. } => assert!(bug.caught_by.contains(&"model:vacuous"), "{id}: {finding}"),
            Answer::Holds | Answer::Unknown => panic!("{id} was not caught: {finding}"),
        }
    }
}

#[test]
fn no_bug_that_names_the_model_is_forgotten() {
    let examined: BTreeSet<_> = EXAM.iter().map(|(id, _, _)| *id).collect();
    let names_the_model = |bug: &&Bug| bug.caught_by.iter().any(|oracle| oracle.starts_with("model:"));
    let named: BTreeSet<_> = BUGS.iter().filter(names_the_model).map(|bug| bug.id).collect();
    assert_eq!(named, examined);
}

fn invariant_id(name: &str) -> &'static str {
    let invariant = INVARIANTS.iter().find(|invariant| invariant.name == name);
    invariant.map_or("ASSERT", |invariant| invariant.id)
}
