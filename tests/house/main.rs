//! The architecture as a test: forgotten files, forbidden imports, rooms that grew too large.

mod rows;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Lines of one source file at most.
const LINES_MAX: usize = 600;

#[test]
fn the_core_has_no_clock_no_file_no_socket_no_dice() {
    let banned = [
        "std::fs",
        "std::net",
        "std::thread",
        "std::time",
        "std::env",
        "std::process",
        "HashMap",
        "HashSet",
        "rand",
        "tokio",
        "SystemTime",
        "Instant",
    ];
    for (path, text) in sources("node/protocol/src") {
        for line in code(&text) {
            let found = banned.iter().find(|word| has_word(line, word));
            assert!(
                found.is_none(),
                "{}: {found:?} in the core: {line}",
                path.display()
            );
        }
    }
}

#[test]
fn arrows_run_down() {
    let forbidden: &[(&str, &[&str])] = &[
        ("workloads/src", &["checker::", "protocol::", "node::"]),
        ("node/protocol/src", &["workloads::", "checker::", "node::"]),
        ("node/src", &["checker::", "workloads::"]),
        ("checker/src", &["node::"]),
        (
            "checker/src/history",
            &["crate::checks", "crate::report", "crate::run", "crate::cli"],
        ),
        (
            "checker/src/checks",
            &[
                "crate::report",
                "crate::run",
                "crate::cli",
                "crate::cluster",
                "crate::model",
            ],
        ),
        (
            "checker/src/invariants",
            &["crate::model", "crate::simulation", "crate::run", "crate::cli"],
        ),
        (
            "checker/src/nemesis",
            &["crate::cluster", "crate::simulation", "crate::run", "crate::cli"],
        ),
        (
            "checker/src/model",
            &["crate::simulation", "crate::run", "crate::cluster", "crate::cli"],
        ),
        (
            "checker/src/report",
            &[
                "crate::run",
                "crate::cluster",
                "crate::cli",
                "crate::model",
                "crate::simulation",
            ],
        ),
        (
            "checker/src/record",
            &["crate::run", "crate::cluster", "crate::cli", "crate::report"],
        ),
        (
            "checker/src/cluster",
            &["crate::run", "crate::cli", "crate::report"],
        ),
    ];
    for (room, words) in forbidden {
        for (path, text) in sources(room) {
            for line in code(&text).filter(|line| line.trim_start().starts_with("use ")) {
                let found = words.iter().find(|word| line.contains(&format!(" {word}")));
                assert!(found.is_none(), "{}: an arrow up: {line}", path.display());
            }
        }
    }
}

#[test]
fn no_file_is_forgotten() {
    for package in [
        "node/protocol/src",
        "node/src",
        "workloads/src",
        "checker/src",
        "checker/shim/src",
    ] {
        let all = sources(package);
        let mut declared = BTreeSet::new();
        for (path, text) in &all {
            for line in code(text) {
                let Some(name) = module_name(line) else { continue };
                let folder = match path.file_stem().and_then(|stem| stem.to_str()) {
                    Some("mod" | "lib" | "main") => path.parent().unwrap().to_path_buf(),
                    _ => path.with_extension(""),
                };
                declared.insert(folder.join(format!("{name}.rs")));
                declared.insert(folder.join(&name).join("mod.rs"));
            }
        }
        for (path, _) in &all {
            let root = ["lib.rs", "main.rs"]
                .iter()
                .any(|root| path.ends_with(Path::new(package).join(root)));
            let included = all.iter().any(|(_, text)| {
                let name = path
                    .file_name()
                    .and_then(|name| name.to_str())
                    .unwrap_or_default();
                code(text)
                    .any(|line| (line.contains("include!") || line.contains("#[path")) && line.contains(name))
                    || (text.contains("include!(") && text.contains(&format!("/{name}\"")))
            });
            assert!(
                root || included || declared.contains(path),
                "{}: nobody declares it",
                path.display()
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for room in ["node", "workloads", "checker", "tests"] {
        for (path, text) in sources(room) {
            assert!(
                text.starts_with("//!"),
                "{}: begin with a module comment",
                path.display()
            );
        }
    }
}

#[test]
fn no_room_holds_more_than_one_thing() {
    for room in ["node", "workloads", "checker", "tests"] {
        for (path, text) in sources(room) {
            let lines = text.lines().count();
            assert!(
                lines <= LINES_MAX,
                "{}: {lines} lines; a second heading wants a second file",
                path.display()
            );
        }
    }
}

#[test]
fn nothing_is_left_undone() {
    for room in ["node", "workloads", "checker", "tests"] {
        for (path, text) in sources(room) {
            if path.ends_with("tests/house/main.rs") {
                continue;
            }
            for mark in ["todo!(", "unimplemented!(", "#[ignore", "FIXME", "XXX"] {
                assert!(!text.contains(mark), "{}: {mark}", path.display());
            }
        }
    }
}

#[test]
fn every_planted_bug_names_a_rule_and_who_must_catch_it() {
    let mut ids = BTreeSet::new();
    for bug in protocol::bugs::BUGS {
        assert!(ids.insert(bug.id), "{} twice", bug.id);
        assert!(
            !bug.rules.is_empty() && !bug.caught_by.is_empty() && !bug.story.is_empty(),
            "{}",
            bug.id
        );
        // Panics when a rule's name is not in the table.
        let _ = bug.plant();
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

fn sources(room: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    collect(&root().join(room), &mut found);
    assert!(!found.is_empty(), "{room} has no sources");
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("target") {
                collect(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
}

fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

fn module_name(line: &str) -> Option<String> {
    let line = line.trim();
    let rest = ["mod ", "pub mod ", "pub(crate) mod ", "pub(super) mod "]
        .iter()
        .find_map(|prefix| line.strip_prefix(prefix))?;
    rest.strip_suffix(';').map(str::to_owned)
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at]
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || c == '_');
        let after = line[at + word.len()..]
            .chars()
            .next()
            .is_some_and(|c| c.is_alphanumeric() || c == '_');
        !before && !after
    })
}
