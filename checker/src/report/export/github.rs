//! What GitHub Actions shows: a step summary in Markdown, and annotations as workflow commands.

use std::{collections::BTreeMap, fmt::Write};

use super::case::Case;
use crate::{
    record::verdict::Overall,
    report::text::{counted, duration, visible},
};

/// GitHub refuses a step summary above 1 MiB; the rest of the room is left to other steps of the job.
const SUMMARY_LIMIT: usize = 900 * 1024;
/// GitHub shows ten annotations of a kind in a step.
const ANNOTATIONS_LIMIT: usize = 10;
/// Most cases that are named in the summary.
const CASES_LIMIT: usize = 200;

/// Markdown for `$GITHUB_STEP_SUMMARY`: the counts, each signature once, each case that did not pass.
pub fn summary(title: &str, cases: &[Case]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases {
        *counts.entry(case.word()).or_default() += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    let mut text = format!(
        "## {}\n\n{}: {}\n\n",
        cell(title),
        counted(cases.len() as u64, "run"),
        counts.join(", ")
    );
    write_signatures(&mut text, cases);
    write_cases(&mut text, cases);
    if text.len() > SUMMARY_LIMIT {
        let end = (0..=SUMMARY_LIMIT)
            .rev()
            .find(|end| text.is_char_boundary(*end))
            .unwrap_or(0);
        text.truncate(end);
        text.push_str("\n\n… the rest is in the index of the results.\n");
    }
    text
}

/// Workflow commands: an error for each signature and each kind of gap, with an example.
pub fn annotations(cases: &[Case]) -> Vec<String> {
    let mut seen: BTreeMap<String, (&Case, usize)> = BTreeMap::new();
    for case in cases.iter().filter(|case| case.overall != Some(Overall::Pass)) {
        let names = if case.signatures.is_empty() {
            vec![case.word().to_owned()]
        } else {
            case.signatures.clone()
        };
        for name in names {
            seen.entry(name).or_insert((case, 0)).1 += 1;
        }
    }
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort_by_key(|(_, (case, count))| (std::cmp::Reverse(case.overall), std::cmp::Reverse(*count)));
    let line = |(name, (case, count)): (String, (&Case, usize))| {
        let text = format!(
            "{} in {}. Example: {}. Run it again: {}",
            case.cause,
            counted(count as u64, "run"),
            case.name,
            case.repeat
        );
        format!("::error title={}::{}", property(&name), message(&text))
    };
    seen.into_iter().take(ANNOTATIONS_LIMIT).map(line).collect()
}

fn write_signatures(text: &mut String, cases: &[Case]) {
    let mut by_signature: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in cases {
        for signature in &case.signatures {
            by_signature.entry(signature).or_default().push(case);
        }
    }
    if by_signature.is_empty() {
        return;
    }
    text.push_str("| signature | runs | example |\n|---|---:|---|\n");
    for (signature, cases) in by_signature {
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | `{}` |",
            cell(signature),
            cases.len(),
            code(&cases[0].repeat)
        );
    }
    text.push('\n');
}

fn write_cases(text: &mut String, cases: &[Case]) {
    let complaints: Vec<&Case> = cases
        .iter()
        .filter(|case| case.overall != Some(Overall::Pass))
        .collect();
    if complaints.is_empty() {
        return;
    }
    text.push_str("| verdict | run | lasted | cause |\n|---|---|---:|---|\n");
    for case in complaints.iter().take(CASES_LIMIT) {
        let lasted = duration(case.duration_ms.saturating_mul(1_000_000));
        let _ = writeln!(
            text,
            "| {} | {} {} | {lasted} | {} |",
            case.word(),
            cell(&case.class),
            cell(&case.name),
            cell(&case.cause)
        );
    }
    if complaints.len() > CASES_LIMIT {
        let _ = writeln!(text, "\n… and {} more.", complaints.len() - CASES_LIMIT);
    }
}

/// Text that ends neither the cell nor becomes markup.
fn cell(text: &str) -> String {
    let mut escaped = String::new();
    for character in visible(text, 400).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' => escaped.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' => {
                escaped.push('\\');
                escaped.push(character);
            }
            plain => escaped.push(plain),
        }
    }
    escaped
}

fn code(text: &str) -> String {
    visible(text, 400).replace('`', "'").replace('|', "\\|")
}

/// A workflow command ends at the line's end and decodes `%`.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::export::case::examples;

    #[test]
    fn the_summary_names_each_signature_and_each_complaint() {
        let text = summary("Nightly", &examples());
        assert!(
            text.starts_with("## Nightly\n\n5 runs: 1 invalid, 1 missing, 1 pass, 1 unknown, 1 violation\n")
        );
        assert!(
            text.contains(
                "| linearizable/stale-read&#64;kill | 1 | `cargo run -p checker -- run --seed 2` |"
            ),
            "{text}"
        );
        assert!(text.contains("k3 &lt; k4 &amp; \"lost\" \\]\\]&gt;\\|pipe"));
        assert!(!text.contains("nothing broke"), "a pass is counted, not told");
    }

    #[test]
    fn a_summary_stays_below_the_limit() {
        let mut cases = examples();
        cases[1].signatures = (0..20_000)
            .map(|number| format!("check/kind-{number}@{}", "é".repeat(200)))
            .collect();
        assert!(summary("Nightly", &cases).len() < 1024 * 1024);
    }

    #[test]
    fn annotations_are_one_line_each() {
        let mut cases = examples();
        cases[1].cause = "50 % lost\nsee ::error::".to_owned();
        let lines = annotations(&cases);
        assert_eq!(lines.len(), 4);
        assert!(
            lines[0].starts_with("::error title=linearizable/stale-read@kill::50 %25 lost%0Asee"),
            "{}",
            lines[0]
        );
        assert!(lines.iter().all(|line| !line.contains('\n')));
    }
}
