//! The runs by day, and their anomalies by signature.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::Summary;
use crate::{
    record::verdict::Overall,
    report::text::{counted, grouped, shown},
};

/// Most days that are shown.
const DAYS_LIMIT: usize = 60;
/// Most signatures that are shown.
const SIGNATURES_LIMIT: usize = 200;

#[derive(Default)]
struct Day {
    runs: BTreeMap<Overall, u64>,
    operations: u64,
    faults: usize,
    signatures: BTreeSet<String>,
    new: BTreeSet<String>,
}

/// One row a day, newest first, with a bar of its verdicts. `runs` is newest first.
pub(super) fn days(runs: &[Summary]) -> Markup {
    let mut days: BTreeMap<String, Day> = BTreeMap::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for run in runs.iter().rev() {
        let day = days
            .entry(run.run.started_at.chars().take(10).collect())
            .or_default();
        *day.runs.entry(run.overall).or_default() += 1;
        day.operations += run.run.counts().total();
        day.faults += run.struck;
        for signature in &run.signatures {
            day.signatures.insert(signature.clone());
            if known.insert(signature.clone()) {
                day.new.insert(signature.clone());
            }
        }
    }
    let most = days
        .values()
        .map(|day| day.runs.values().sum::<u64>())
        .max()
        .unwrap_or(1)
        .max(1);
    html! {
        table.days {
            thead { tr { th { "day" } th { "runs" } th.number { "operations" } th.number { "faults that struck" } th { "signatures" } } }
            tbody {
                @for (name, day) in days.iter().rev().take(DAYS_LIMIT) {
                    tr {
                        td.day { (shown(name)) }
                        td { (bar(day, most)) }
                        td.number { (grouped(day.operations)) }
                        td.number { (grouped(day.faults as u64)) }
                        td {
                            @if day.signatures.is_empty() { span.faint { "none" } }
                            @else { (day.signatures.len()) @if !day.new.is_empty() { ", " span.missed { (day.new.len()) " new" } } }
                        }
                    }
                }
            }
        }
    }
}

fn bar(day: &Day, most: u64) -> Markup {
    let mut from = 0.0;
    let parts: Vec<(Overall, f64, f64, u64)> = [
        Overall::Pass,
        Overall::Unknown,
        Overall::Invalid,
        Overall::Violation,
    ]
    .into_iter()
    .filter_map(|overall| {
        let count = *day.runs.get(&overall)?;
        let width = 200.0 * count as f64 / most as f64;
        from += width;
        Some((overall, from - width, width, count))
    })
    .collect();
    let words: Vec<String> = parts
        .iter()
        .map(|(overall, _, _, count)| format!("{count} {}", overall.word()))
        .collect();
    html! {
        svg.daybar viewBox="0 0 200 10" preserveAspectRatio="none" aria-hidden="true" {
            @for (overall, x, width, _) in &parts { rect.(overall.word()) x=(format!("{x:.2}")) width=(format!("{width:.2}")) height="10" {} }
        }
        " " (words.join(", "))
    }
}

/// Each signature once, the most frequent first, with its newest run as the example.
pub(super) fn signatures(runs: &[Summary]) -> Option<Markup> {
    let mut by_signature: BTreeMap<&str, Vec<&Summary>> = BTreeMap::new();
    for run in runs {
        for signature in &run.signatures {
            by_signature.entry(signature).or_default().push(run);
        }
    }
    let mut rows: Vec<_> = by_signature.into_iter().collect();
    rows.sort_by_key(|(_, runs)| std::cmp::Reverse(runs.len()));
    (!rows.is_empty()).then(|| {
        html! {
            table {
                thead { tr { th { "signature" } th { "seen in" } th { "first" } th { "last" } th { "example" } } }
                tbody {
                    @for (signature, runs) in rows.iter().take(SIGNATURES_LIMIT) {
                        tr {
                            td.words { code { (shown(signature)) } }
                            td { (counted(runs.len() as u64, "run")) }
                            td.day { (day(runs[runs.len() - 1])) }
                            td.day { (day(runs[0])) }
                            td { a href=(super::page::link(runs[0])) { (shown(runs[0].run.id.as_str())) } }
                        }
                    }
                }
            }
        }
    })
}

fn day(run: &Summary) -> String {
    shown(&run.run.started_at.chars().take(10).collect::<String>())
}
