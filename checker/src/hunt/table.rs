//! The matrix as lines of text.

use super::record::{Cell, Clean, HuntRecord};

/// The whole matrix, and a sentence at its end.
pub fn table(record: &HuntRecord) -> String {
    let mut lines: Vec<String> = record.cells.iter().map(line).collect();
    lines.extend(record.clean.iter().map(clean_line));
    let bugs = record.bugs();
    let count = bugs.iter().filter(|(bug, _)| record.soonest_ms(bug).is_some());
    let count = count.count();
    let silent = match (record.clean.is_empty(), record.is_silent()) {
        (true, _) => "the clean node was not asked",
        (false, true) => "the clean node was silent",
        (false, false) => "FALSE ALARMS of the clean node",
    };
    lines.push(format!("{count} of {} bugs caught; {silent}", bugs.len()));
    lines.join("\n")
}

/// One cell.
pub fn line(cell: &Cell) -> String {
    let needed = cell.seeds();
    let what = match cell.times_ms() {
        Some((median, worst)) => format!(
            "caught {}/{} by {}, median {}, worst {}, {needed} seeds",
            cell.catches(),
            cell.trials.len(),
            cell.oracles().join(" "),
            seconds(median),
            seconds(worst)
        ),
        None => {
            let seen = cell.seen();
            let others = if seen.is_empty() {
                "nobody spoke".to_owned()
            } else {
                format!("only {} spoke", seen.join(" "))
            };
            format!("MISSED in {needed} seeds: {others}")
        }
    };
    format!(
        "{:<5} {:<36} {:<8} {what}",
        cell.bug,
        cell.name,
        cell.world.word()
    )
}

/// The clean node in one world.
pub fn clean_line(clean: &Clean) -> String {
    let mut line = format!(
        "clean {:<36} {:<8} {} runs, {} operations, {} faults, {}: {} false alarms, {} invalid",
        "",
        clean.world.word(),
        clean.runs,
        clean.operations,
        clean.faults,
        seconds(clean.elapsed_ms),
        clean.alarms.len(),
        clean.invalid.len()
    );
    for words in clean.alarms.iter().chain(&clean.invalid) {
        line.push_str("\n        ");
        line.push_str(words);
    }
    line
}

/// Such as `1.2 s`.
pub fn seconds(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::{circumstances::Circumstances, record::Trial, world::World};

    #[test]
    fn a_catch_tells_by_whom_and_a_miss_who_spoke_instead() {
        let mut cell = Cell {
            bug: "C12".to_owned(),
            name: "early".to_owned(),
            world: World::Live,
            circumstances: Circumstances::default(),
            must_name: Vec::new(),
            trials: vec![trial(Some("check:no-lost-write"), 1_250), trial(None, 9_000)],
        };
        assert!(!cell.is_caught(), "one trial has missed it");
        assert!(line(&cell).contains("caught 1/2 by check:no-lost-write, median 1.2 s"));
        cell.trials.remove(0);
        assert!(line(&cell).contains("MISSED in 2 seeds: only check:settles spoke"));
        let record = HuntRecord {
            cells: vec![cell],
            ..HuntRecord::default()
        };
        assert!(table(&record).ends_with("0 of 1 bugs caught; the clean node was not asked"));
    }

    fn trial(caught_by: Option<&str>, elapsed_ms: u64) -> Trial {
        Trial {
            caught_by: caught_by.map(str::to_owned),
            seen: vec!["check:settles".to_owned()],
            elapsed_ms,
            seeds: 2,
            words: String::new(),
        }
    }
}
