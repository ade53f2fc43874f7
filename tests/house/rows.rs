//! The notes' rows: each has a test that carries its id, or says that it has none yet.

use super::root;

/// The groups of rows and how many each has.
const GROUPS: [(&str, usize); 4] = [("S0", 26), ("S2", 32), ("S3", 24), ("S4", 31)];

#[test]
fn every_row_of_the_notes_has_a_test_or_says_that_it_has_none() {
    let text = std::fs::read_to_string(root().join("tests/README.md")).unwrap();
    let rows: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| S")?.split(" | ");
            let id = &line[2..line.find(" | ")?];
            cells.next()?;
            cells.next()?;
            Some((id, cells.next()?.trim_end_matches(" |")))
        })
        .collect();
    let ids: Vec<&str> = rows.iter().map(|(id, _)| *id).collect();
    let wanted: Vec<String> = GROUPS
        .iter()
        .flat_map(|(group, count)| (1..=*count).map(move |row| format!("{group}-{row:02}")))
        .collect();
    assert_eq!(ids, wanted, "each row once and in order");
    for (id, test) in rows {
        check(id, test);
    }
}

fn check(id: &str, test: &str) {
    if test.strip_prefix("not yet: ").is_some_and(|why| !why.is_empty()) {
        return;
    }
    if let Some(path) = test.strip_prefix("document: ") {
        assert!(root().join(path).is_file(), "{id}: {path}");
        return;
    }
    let (path, name) = test
        .trim_matches('`')
        .split_once("::")
        .unwrap_or_else(|| panic!("{id}: {test} is no test"));
    let text =
        std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{id}: {path}: {error}"));
    let at = text
        .find(&format!("fn {name}("))
        .unwrap_or_else(|| panic!("{id}: {path} has no test {name}"));
    // From the end of the item before to the next test: the doc comment and the body.
    let begin = text[..at].rfind("}\n").unwrap_or(0);
    let end = text[at..].find("#[test]").map_or(text.len(), |next| at + next);
    assert!(text[..at].contains("#[test]"), "{id}: {name} is no test");
    assert!(
        text[begin..end].contains(id),
        "{id}: {path}::{name} does not carry the row's id"
    );
}
