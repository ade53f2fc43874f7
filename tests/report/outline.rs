//! What stands where on each kind of page: its outline, compared with the one that was looked at and kept.
//!
//! `UPDATE=1` writes what came out instead; commit only what you have looked at as a picture.

use std::path::Path;

use checker::report::{write_index, write_report};

use crate::runs;

/// Elements whose text makes the outline.
const KEPT: [&str; 6] = ["h1", "h2", "h3", "th", "button", "summary"];

/// Longer texts say what was measured, not where it stands.
const TEXT_MAX: usize = 60;

#[test]
fn every_kind_of_page_has_the_outline_that_was_looked_at() {
    let results = tempfile::tempdir().unwrap();
    let mut differ = Vec::new();
    for (kind, directory) in [
        ("green", runs::green(results.path())),
        ("stale_read", runs::stale_read(results.path())),
        ("lost_writes", runs::lost_writes(results.path())),
        ("unknown", runs::unknown(results.path())),
        ("invalid", runs::invalid(results.path())),
        ("torn", runs::torn(results.path())),
    ] {
        compare(kind, &write_report(&directory).unwrap(), &mut differ);
    }
    compare("index", &write_index(results.path()).unwrap(), &mut differ);
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

fn compare(kind: &str, page: &Path, differ: &mut Vec<String>) {
    let found = outline(&std::fs::read_to_string(page).unwrap());
    assert!(
        found.lines().count() > 5,
        "{kind}: this outline holds nothing: {found}"
    );
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("report/outlines/{kind}.txt"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
        std::fs::write(&kept, &found).unwrap();
    }
    let expected = std::fs::read_to_string(&kept).unwrap_or_default();
    if found != expected {
        differ.push(format!("{kind}: expected\n{expected}\nfound\n{found}"));
    }
}

/// One line a section, heading, column, button and fold; numbers are `#`, as they are measured.
fn outline(html: &str) -> String {
    let body = html.split("<body").nth(1).unwrap_or_default();
    let mut lines = String::new();
    for (at, _) in body.match_indices('<') {
        let rest = &body[at + 1..];
        let name: &str = rest
            .split(|character: char| !character.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        let Some((tag, inner)) = rest.split_once('>') else {
            break;
        };
        if name == "section" {
            let id = tag
                .split("id=\"")
                .nth(1)
                .and_then(|id| id.split('"').next())
                .unwrap_or_default();
            lines += &format!("section {id}\n");
        } else if KEPT.contains(&name) {
            let inner = inner.split(&format!("</{name}>")).next().unwrap_or_default();
            let text = text(inner);
            if !text.is_empty() && text.chars().count() <= TEXT_MAX {
                lines += &format!("  {name} {text}\n");
            }
        }
    }
    lines
}

fn text(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for character in html.chars() {
        match character {
            '<' => inside = true,
            '>' => inside = false,
            _ if inside => {}
            digit if digit.is_ascii_digit() => {
                if !text.ends_with('#') {
                    text.push('#');
                }
            }
            other => text.push(other),
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
