//! The table of the exam in `README.md`: every row is there, and what it says is so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use checker::hunt::{difficulty::difficulty, oracle, probed::PROBED, question::Question, shell};
use checker::invariants::INVARIANTS;
use checker::model::family;
use checker::nemesis::NEMESES;
use protocol::bugs::BUGS;

use crate::models::EXAM;
use crate::{catches, stories};

/// The rows of the catalogue of planted bugs, by group.
const CATALOGUE: [(&str, &[u8]); 9] = [
    ("E", &[1, 3, 5, 6, 8, 9, 10, 11, 13, 16, 17, 18]),
    ("C", &[1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 15, 17]),
    ("P", &[1, 2, 5]),
    ("S", &[1, 5, 6, 7, 8, 10, 11, 12, 14, 15, 17, 18, 20]),
    ("D", &[1, 3, 4, 6, 7, 9]),
    ("N", &[1, 3, 4, 5, 7, 8]),
    ("R", &[2, 3, 4, 5, 7, 8, 9, 11, 12]),
    ("Q", &[1, 3, 4, 6, 8, 9, 10, 11, 12, 14, 16, 17]),
    ("T", &[1, 3, 4, 6]),
];

/// One row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    pub difficulty: String,
    pub name: String,
    pub planted: String,
    pub caught: String,
}

#[test]
fn every_row_of_the_catalogue_is_accounted_for() {
    let rows = rows();
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let once: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(once.len(), ids.len(), "each row once");
    for (group, numbers) in CATALOGUE {
        for number in numbers {
            let id = format!("{group}{number:02}");
            assert!(once.contains(id.as_str()), "{id} is missing");
        }
    }
}

#[test]
fn what_the_table_calls_planted_is_registered_and_nothing_else_is() {
    let told = |planted: &str| -> BTreeSet<(String, String)> {
        let rows = rows().into_iter().filter(|row| row.planted == planted);
        rows.map(|row| (row.id, row.name)).collect()
    };
    let pair = |id: &str, name: &str| (id.to_owned(), name.to_owned());
    let core: BTreeSet<_> = BUGS.iter().map(|bug| pair(bug.id, bug.name)).collect();
    assert_eq!(told("core"), core);
    let node: BTreeSet<_> = shell::BUGS.iter().map(|bug| pair(bug.id, bug.name)).collect();
    assert_eq!(told("node"), node);
    assert_eq!(
        told("core").len() + told("node").len() + told("no").len(),
        rows().len()
    );
}

#[test]
fn what_the_table_says_of_a_catch_is_so() {
    let mut models = BTreeSet::new();
    let mut seeds = BTreeSet::new();
    let mut probes = BTreeSet::new();
    for row in rows() {
        let id = row.id.as_str();
        for catch in row.caught.split("; ") {
            let (kind, rest) = catch.split_once(' ').unwrap_or((catch, ""));
            match kind {
                "model" => {
                    let (model, length) = rest.split_once(' ').unwrap_or_else(|| panic!("{id}: {rest}"));
                    assert!(family::find(model).is_some(), "{id}: no model {model}");
                    let length = if length == "vacuous" {
                        0
                    } else {
                        length.parse().unwrap()
                    };
                    models.insert((row.id.clone(), model.to_owned(), length));
                }
                "simulate" => {
                    seeds.insert((row.id.clone(), rest.to_owned()));
                }
                "story" => check_story(id, rest),
                "live" => check_live(id, rest),
                "probe" => {
                    probes.insert((row.id.clone(), rest.to_owned()));
                }
                "unreachable:" => check_reference(id, rest),
                "not" => assert!(rest.starts_with("yet: ") && rest.len() > 10, "{id}: {rest}"),
                _ => panic!("{id}: {catch}"),
            }
        }
        let misses = row.caught.starts_with("not yet: ") || row.caught.starts_with("unreachable: ");
        assert!(
            row.planted != "no" || misses,
            "{id} is not planted and yet caught"
        );
    }
    let exam = EXAM
        .iter()
        .map(|(id, model, length)| ((*id).to_owned(), (*model).to_owned(), *length));
    assert_eq!(models, exam.collect());
    let ranges = catches::EXAM
        .iter()
        .map(|(id, _, oracle)| ((*id).to_owned(), (*oracle).to_owned()));
    assert_eq!(seeds, ranges.collect());
    let probed = PROBED
        .iter()
        .map(|(id, probe)| ((*id).to_owned(), (*probe).to_owned()));
    assert_eq!(probes, probed.collect());
}

#[test]
fn the_hunt_asks_what_the_table_says() {
    for row in rows() {
        let id = row.id.as_str();
        let Some(question) = Question::find(id) else {
            assert_eq!(row.planted, "no", "{id}");
            continue;
        };
        let told = difficulty(id).map_or_else(|| "–".to_owned(), |known| known.to_string());
        assert_eq!(told, row.difficulty, "{id}");
        for catch in row.caught.split("; ") {
            let words: Vec<&str> = catch.split(' ').collect();
            match words[..] {
                ["model", model, _] => assert_eq!(question.model, model, "{id}"),
                ["live", nemesis, named] => {
                    assert!(question.setting.nemeses.contains(&nemesis), "{id}: {nemesis}");
                    assert!(oracle::is_right(named, &question.oracles()), "{id}: {named}");
                }
                ["probe", name] => assert!(question.probes().any(|probe| probe.name == name), "{id}: {name}"),
                _ => {}
            }
        }
    }
}

#[test]
fn oracles_are_spelled_alike_in_all_worlds() {
    let known: BTreeSet<&str> = INVARIANTS.iter().map(|invariant| invariant.id).collect();
    for bug in BUGS {
        for oracle in bug.caught_by {
            let (world, guarantee) = oracle
                .split_once(':')
                .unwrap_or_else(|| panic!("{}: {oracle}", bug.id));
            match world {
                "model" => assert!(
                    known.contains(guarantee) || guarantee == "vacuous",
                    "{}: {oracle}",
                    bug.id
                ),
                "simulate" | "trace" | "check" => assert!(!guarantee.is_empty(), "{}: {oracle}", bug.id),
                _ => panic!("{}: {oracle}", bug.id),
            }
        }
    }
}

/// The table.
pub fn rows() -> Vec<Row> {
    let text = std::fs::read_to_string(root().join("bugs/README.md")).expect("the table is readable");
    let cells = |line: &str| {
        let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let cells: Vec<String> = line.split(" | ").map(str::to_owned).collect();
        let [id, difficulty, name, planted, caught] = <[String; 5]>::try_from(cells).ok()?;
        (id != "row").then_some(Row {
            id,
            difficulty,
            name,
            planted,
            caught,
        })
    };
    text.lines().filter_map(cells).collect()
}

/// A story of the bug, or one that the bug changes.
fn check_story(id: &str, file: &str) {
    let path = root().join("scenarios").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{id}: {file}: {error}"));
    let of_it = text.lines().any(|line| line == format!("bug {id}"));
    let changed = stories::EXAM.contains(&(id, file));
    assert!(of_it || changed, "{id}: {file} is of another bug");
}

fn check_live(id: &str, rest: &str) {
    let (nemesis, oracle) = rest.split_once(' ').unwrap_or_else(|| panic!("{id}: {rest}"));
    assert!(
        NEMESES.iter().any(|known| known.name == nemesis),
        "{id}: no nemesis {nemesis}"
    );
    assert!(oracle.contains(':'), "{id}: {oracle} is no oracle");
}

/// `why (path::test)`.
fn check_reference(id: &str, rest: &str) {
    let (_, reference) = rest
        .rsplit_once('(')
        .unwrap_or_else(|| panic!("{id}: no test is named"));
    let (path, name) = reference
        .trim_end_matches(')')
        .split_once("::")
        .unwrap_or_else(|| panic!("{id}: {reference}"));
    let text = std::fs::read_to_string(root().join("..").join(path))
        .unwrap_or_else(|error| panic!("{id}: {path}: {error}"));
    assert!(
        text.contains(&format!("fn {name}(")),
        "{id}: {path} has no test {name}"
    );
}

/// The stories under a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry of a folder").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}
