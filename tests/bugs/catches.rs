//! Planted bugs in simulated clusters: each is found within a fixed range of seeds, by an oracle that fits it.

use std::collections::BTreeSet;
use std::ops::Range;

use checker::simulation::{Options, simulate_many};
use protocol::bugs::{self, BUGS};

/// A planted bug, the seeds within which it shows, and by what.
pub const EXAM: [(&str, Range<u64>, &str); 12] = [
    ("C11", 0..60, "I-10"),
    ("C08S", 0..1_000, "I-10"),
    ("C12", 0..10, "I-10"),
    ("E03", 0..300, "I-01"),
    ("E05", 0..60, "I-03"),
    ("N07", 0..1_000, "I-22"),
    ("Q01", 0..60, "I-10"),
    ("Q19", 0..60, "I-10"),
    ("R08", 0..1_000, "I-03"),
    ("S05", 0..200, "I-02"),
    ("S06", 0..200, "liveness"),
    ("T06", 0..1_000, "liveness"),
];

#[test]
fn every_bug_is_found_within_its_seeds() {
    let mut missed = Vec::new();
    for (id, seeds, oracle) in EXAM {
        let bug = bugs::find(id).expect("the bug is planted");
        let options = Options {
            rules: bug.plant(),
            ..Options::default()
        };
        let mut seen = BTreeSet::new();
        simulate_many(seeds, 2, &options, |outcome| {
            seen.extend(outcome.violation.map(|violation| violation.oracle));
            !seen.contains(oracle)
        });
        if !seen.contains(oracle) {
            missed.push(format!("{id}: {seen:?} instead of {oracle}"));
        }
        let named = bug
            .caught_by
            .iter()
            .any(|named| named.split_once(':').is_some_and(|(_, it)| it == oracle));
        assert!(named, "{id}: {oracle} names no guarantee that it breaks");
    }
    assert_eq!(missed, Vec::<String>::new());
}

#[test]
fn no_bug_that_names_the_simulation_is_forgotten() {
    let examined: BTreeSet<_> = EXAM.iter().map(|(id, ..)| *id).collect();
    for bug in BUGS {
        let only_here = bug.caught_by.iter().all(|oracle| !oracle.starts_with("model:"));
        assert!(
            !only_here || examined.contains(bug.id),
            "{}: caught nowhere",
            bug.id
        );
    }
}
