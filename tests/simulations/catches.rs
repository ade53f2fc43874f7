//! The tester is tested: each planted bug of the core is found within a fixed range of seeds, by an oracle that
//! fits it.

use checker::simulation::{Options, simulate_many};
use protocol::bugs;

/// A planted bug, the seeds within which it must show, and by what.
struct Exam {
    bug: &'static str,
    seeds: std::ops::Range<u64>,
    oracles: &'static [&'static str],
}

const EXAMS: [Exam; 3] = [
    Exam {
        bug: "E03",
        seeds: 0..60,
        oracles: &["I-01"],
    },
    Exam {
        bug: "E05",
        seeds: 0..60,
        oracles: &["I-03"],
    },
    Exam {
        bug: "C12",
        seeds: 0..10,
        oracles: &["I-10"],
    },
];

#[test]
fn every_planted_bug_is_found() {
    for exam in EXAMS {
        let bug = bugs::find(exam.bug).expect("the bug is planted");
        let options = Options {
            rules: bug.plant(),
            ..Options::default()
        };
        let mut found = None;
        simulate_many(exam.seeds, 2, &options, |outcome| {
            found = found.take().or(outcome.violation);
            found.is_none()
        });
        let violation = found.unwrap_or_else(|| panic!("{}: not found", exam.bug));
        assert!(
            exam.oracles.contains(&violation.oracle.as_str()),
            "{}: {violation}",
            exam.bug
        );
    }
}
