//! How hard each bug is to find, as the catalogue has it, and how soon it is to be found.

use std::time::Duration;

/// From 1, found by any run, to 5, which needs a special bound, topology or schedule. Bugs of ours have none.
pub const DIFFICULTIES: [&[&str]; 5] = [
    &[
        "C12", "E03", "E13", "N01", "N05", "Q09", "Q10", "Q16", "T01", "T06",
    ],
    &[
        "C07", "C09", "C14", "C17", "D01", "E01", "E05", "E08", "E09", "E11", "E16", "E17", "E19", "N03",
        "N04", "N07", "Q01", "Q04", "Q06", "Q11", "Q12", "Q14", "R07", "R11", "R12", "S01", "S05", "S06",
        "S10", "S17", "S18", "T03",
    ],
    &[
        "C01", "C03", "C08", "C11", "C15", "D03", "D06", "D07", "E18", "N08", "P01", "P05", "Q03", "Q08",
        "Q17", "R03", "R09", "S08", "S11", "S14", "S20", "T04",
    ],
    &["C04", "C05", "D09", "E06", "E10", "R02", "R08", "S07", "S12"],
    &["C02", "D04", "P02", "R04", "R05"],
];

/// The difficulty of a bug.
pub fn difficulty(bug: &str) -> Option<usize> {
    let at = DIFFICULTIES.iter().position(|bugs| bugs.contains(&bug))?;
    Some(at + 1)
}

/// Within which time a bug of this difficulty is to be found in some world; the hardest have their directed schedule or
/// bounds instead of a time.
pub fn aim(difficulty: Option<usize>) -> Option<Duration> {
    match difficulty {
        Some(1 | 2) => Some(Duration::from_secs(60)),
        Some(3) => Some(Duration::from_secs(300)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::question::Question;

    #[test]
    fn every_bug_that_has_a_difficulty_is_in_the_exam_once() {
        let all: Vec<&str> = DIFFICULTIES.into_iter().flatten().copied().collect();
        for id in &all {
            assert!(Question::find(id).is_some(), "{id}");
            assert_eq!(all.iter().filter(|other| *other == id).count(), 1, "{id}");
        }
        assert_eq!(
            (difficulty("C12"), difficulty("R05"), difficulty("C03S")),
            (Some(1), Some(5), None)
        );
    }
}
