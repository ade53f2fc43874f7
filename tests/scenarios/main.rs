//! The core told as stories: each text file under this folder is played and must come out as it is written.
//! `UPDATE=1` writes what came out instead; commit only what you understand.

use std::path::{Path, PathBuf};

use checker::simulation::scenario;

/// Rows S2-29, S3-17, S4-18, S4-25, S4-27, S4-28, S4-31 of the notes.
#[test]
fn every_story_comes_out_as_it_is_told() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let stories = stories(&root);
    assert!(
        stories.len() >= 10,
        "only {} stories under {root:?}",
        stories.len()
    );
    let update = std::env::var_os("UPDATE").is_some();
    let mut different = Vec::new();
    for path in stories {
        let text = std::fs::read_to_string(&path).expect("a story is readable");
        let told = scenario::tell(&text);
        if told == text {
            continue;
        }
        if update {
            std::fs::write(&path, told).expect("a story is writable");
        } else {
            different.push(format!("{}:\n{}", path.display(), first_difference(&text, &told)));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn no_story_of_the_correct_core_breaks_a_promise() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for path in stories(&root) {
        let text = std::fs::read_to_string(&path).expect("a story is readable");
        let planted = text.lines().any(|line| line.starts_with("bug "));
        let broken = text.lines().any(|line| line.starts_with("BROKEN "));
        assert_eq!(planted, broken, "{}", path.display());
    }
}

fn stories(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder of stories is there") {
        let path = entry.expect("an entry of a folder").path();
        if path.is_dir() {
            found.extend(stories(&path));
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn first_difference(text: &str, told: &str) -> String {
    let (mut text, mut told) = (text.lines(), told.lines());
    for number in 1.. {
        let (expected, found) = (text.next(), told.next());
        if expected != found || expected.is_none() {
            return format!("  line {number}\n  expected {expected:?}\n  came out {found:?}");
        }
    }
    String::new()
}
