//! The matrix as a table of Markdown, one row a bug: for the track record.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    circumstances::Circumstances,
    difficulty::{aim, difficulty},
    record::{Cell, HuntRecord},
    table::{clean_line, seconds},
    world::World,
};

/// The whole matrix; beneath it how much is caught within the times aimed at, the clean node, and when and beside what
/// all this was hunted.
pub fn markdown(record: &HuntRecord) -> String {
    let worlds = record.worlds();
    let mut text = "| bug | difficulty |".to_owned();
    for world in &worlds {
        let _ = write!(text, " {world} |");
    }
    text += "\n|---|---|";
    text += &"---|".repeat(worlds.len());
    for (bug, name) in record.bugs() {
        let difficulty = difficulty(bug).map_or_else(|| "–".to_owned(), |known| known.to_string());
        let _ = write!(text, "\n| {bug} {name} | {difficulty} |");
        for world in &worlds {
            let shown = record.find(bug, *world).map_or_else(|| "–".to_owned(), show);
            let _ = write!(text, " {shown} |");
        }
    }
    text += "\n\n";
    text += &aims(record);
    text += "\n";
    for clean in &record.clean {
        let line = clean_line(clean);
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = write!(text, "\n- {line} ({})", told(&[&clean.circumstances]));
    }
    text += "\n";
    let mut hunted: BTreeMap<(World, &str), Vec<&Circumstances>> = BTreeMap::new();
    for cell in &record.cells {
        let of_this = hunted.entry((cell.world, &cell.circumstances.git));
        of_this.or_default().push(&cell.circumstances);
    }
    for ((world, _), circumstances) in hunted {
        let cells = circumstances.len();
        let _ = write!(text, "\n- {world}: {cells} bugs, {}", told(&circumstances));
    }
    text + "\n"
}

/// Such as `check:linearizable 5/5 in 26.0 s (worst 31.2 s), 1`: the oracle, in how many trials, the median and the worst
/// time, and the median of the seeds.
fn show(cell: &Cell) -> String {
    let (caught, trials, seeds) = (cell.catches(), cell.trials.len(), cell.seeds());
    if let Some((median, worst)) = cell.times_ms() {
        let oracles: Vec<&str> = cell.oracles().into_iter().map(short).collect();
        let worst = if trials > 1 {
            format!(" (worst {})", seconds(worst))
        } else {
            String::new()
        };
        let oracles = oracles.join(", ");
        return format!(
            "{oracles} {caught}/{trials} in {}{worst}, {seeds}",
            seconds(median)
        );
    }
    let looked = cell.trials.iter().map(|trial| trial.elapsed_ms).max();
    let seen: Vec<&str> = cell.seen().into_iter().map(short).collect();
    let others = if seen.is_empty() {
        String::new()
    } else {
        format!("; only {}", seen.join(", "))
    };
    format!("0/{trials} in {}, {seeds}{others}", seconds(looked.unwrap_or(0)))
}

/// The column says which world it was.
fn short(oracle: &str) -> &str {
    let worlds = ["model:", "simulate:", "check:"];
    let mut without = oracle;
    for world in worlds {
        without = without.strip_prefix(world).unwrap_or(without);
    }
    without
}

fn aims(record: &HuntRecord) -> String {
    let bugs = record.bugs();
    let caught = bugs
        .iter()
        .filter(|(bug, _)| record.soonest_ms(bug).is_some())
        .count();
    let mut words = format!("Caught in every trial of some world: {caught} of {}.", bugs.len());
    for (name, levels) in [("1 and 2", &[1, 2][..]), ("3", &[3]), ("4 and 5", &[4, 5])] {
        let of_these = |bug: &&(&str, &str)| difficulty(bug.0).is_some_and(|own| levels.contains(&own));
        let all: Vec<_> = bugs.iter().filter(of_these).collect();
        let limit = aim(levels.first().copied());
        let in_time = |bug: &str| {
            let soonest = record.soonest_ms(bug);
            soonest.is_some_and(|worst| limit.is_none_or(|limit| u128::from(worst) <= limit.as_millis()))
        };
        let late: Vec<&str> = all
            .iter()
            .map(|(bug, _)| *bug)
            .filter(|bug| !in_time(bug))
            .collect();
        let within = limit.map_or_else(String::new, |limit| format!(" within {} s", limit.as_secs()));
        let _ = write!(
            words,
            " Difficulty {name}: {} of {}{within}{}{}.",
            all.len() - late.len(),
            all.len(),
            if late.is_empty() { "" } else { "; not: " },
            late.join(", ")
        );
    }
    words
}

/// When, at which commit, how long a trial could take, beside what.
fn told(circumstances: &[&Circumstances]) -> String {
    let range = |mut values: Vec<String>| {
        values.dedup();
        match (values.first(), values.last()) {
            (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
            (Some(only), _) => only.clone(),
            _ => String::new(),
        }
    };
    // To the minute.
    let mut began: Vec<String> = circumstances
        .iter()
        .map(|one| one.began.chars().take(16).collect::<String>().replace('T', " "))
        .collect();
    began.sort_unstable();
    let mut loads: Vec<f32> = circumstances.iter().map(|one| one.load).collect();
    loads.sort_by(f32::total_cmp);
    let mut budgets: Vec<u64> = circumstances.iter().map(|one| one.budget_ms).collect();
    budgets.sort_unstable();
    format!(
        "{} UTC, commit {}, load {}, at most {} a trial",
        range(began),
        circumstances.first().map_or("unknown", |one| one.git.as_str()),
        range(loads.into_iter().map(|load| format!("{load:.1}")).collect()),
        range(budgets.into_iter().map(seconds).collect())
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::record::{Clean, Trial};

    #[test]
    fn a_bug_is_a_row_and_a_world_a_column() {
        let cell = |bug: &str, world, trials| Cell {
            bug: bug.to_owned(),
            name: "forgets".to_owned(),
            world,
            circumstances: circumstances(),
            must_name: Vec::new(),
            trials,
        };
        let record = HuntRecord {
            cells: vec![
                cell("C12", World::Model, vec![trial(Some("model:I-10"), 40)]),
                cell(
                    "C12",
                    World::Live,
                    vec![
                        trial(Some("check:no-lost-write"), 90_000),
                        trial(Some("probe:it-is-kept"), 9_000),
                        trial(None, 60_000),
                    ],
                ),
                cell("E01", World::Live, vec![trial(None, 61_500)]),
            ],
            clean: vec![Clean {
                circumstances: circumstances(),
                ..Clean::new(World::Live)
            }],
            ..HuntRecord::default()
        };
        let expected = "\
| bug | difficulty | model | live |
|---|---|---|---|
| C12 forgets | 1 | I-10 1/1 in 0.0 s, 2 | no-lost-write, probe:it-is-kept 2/3 in 90.0 s (worst 90.0 s), 2 |
| E01 forgets | 2 | – | 0/1 in 61.5 s, 2; only settles |

Caught in every trial of some world: 1 of 2. Difficulty 1 and 2: 1 of 2 within 60 s; not: E01. Difficulty 3: 0 of 0 within 300 s. \
Difficulty 4 and 5: 0 of 0.

- clean live 0 runs, 0 operations, 0 faults, 0.0 s: 0 false alarms, 0 invalid (2026-11-22 10:20 UTC, commit abc, load 2.5, at most 60.0 s \
a trial)

- model: 1 bugs, 2026-11-22 10:20 UTC, commit abc, load 2.5, at most 60.0 s a trial
- live: 2 bugs, 2026-11-22 10:20 UTC, commit abc, load 2.5, at most 60.0 s a trial
";
        assert_eq!(markdown(&record), expected);
    }

    #[test]
    fn what_is_found_too_late_is_said() {
        let record = HuntRecord {
            cells: vec![Cell {
                bug: "C12".to_owned(),
                name: "forgets".to_owned(),
                world: World::Live,
                circumstances: Circumstances::default(),
                must_name: Vec::new(),
                trials: vec![trial(Some("check:no-lost-write"), 60_001)],
            }],
            ..HuntRecord::default()
        };
        let text = markdown(&record);
        assert!(
            text.contains("world: 1 of 1. Difficulty 1 and 2: 0 of 1 within 60 s; not: C12."),
            "{text}"
        );
    }

    fn circumstances() -> Circumstances {
        Circumstances {
            began: "2026-11-22T10:20:30.123Z".to_owned(),
            git: "abc".to_owned(),
            budget_ms: 60_000,
            load: 2.5,
        }
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
