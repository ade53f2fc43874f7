//! The runs by day, and their anomalies by signature.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::Summary;
use crate::{
    record::{
        benchmark::BenchmarkRecord,
        standing::{StandingRecord, StandingWord},
        verdict::Overall,
    },
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
    rules: BTreeMap<String, bool>,
    ratios: Vec<BenchmarkRecord>,
}

/// One row a day, newest first, with a bar of its verdicts. `runs` is newest first.
pub(super) fn days(runs: &[Summary], benchmarks: &[BenchmarkRecord]) -> Markup {
    let mut days: BTreeMap<String, Day> = BTreeMap::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for run in runs.iter().rev() {
        let day = days
            .entry(run.run.started_at.chars().take(10).collect())
            .or_default();
        *day.runs.entry(run.overall).or_default() += 1;
        day.operations += run.run.counts().total();
        day.faults += run.struck;
        for (rule, fired) in &run.rules {
            *day.rules.entry(rule.clone()).or_default() |= fired;
        }
        for signature in &run.signatures {
            day.signatures.insert(signature.clone());
            if known.insert(signature.clone()) {
                day.new.insert(signature.clone());
            }
        }
    }
    for benchmark in benchmarks {
        let day = days.entry(benchmark.at.chars().take(10).collect()).or_default();
        day.ratios.push(benchmark.clone());
    }
    let most = days
        .values()
        .map(|day| day.runs.values().sum::<u64>())
        .max()
        .unwrap_or(1)
        .max(1);
    html! {
        table.days {
            thead { tr { th { "day" } th { "runs" } th.number { "operations" } th.number { "faults that struck" } th { "signatures" } th { "rules that fired live" } th { "faster than" } } }
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
                        td.words { (rules(day)) }
                        td.words { (ratios(day)) }
                    }
                }
            }
        }
    }
}

fn rules(day: &Day) -> Markup {
    let silent: Vec<String> = day
        .rules
        .iter()
        .filter(|(_, fired)| !**fired)
        .map(|(rule, _)| shown(rule))
        .collect();
    html! {
        @if day.rules.is_empty() { span.faint { "not counted" } }
        @else {
            (day.rules.len() - silent.len()) " of " (day.rules.len())
            @if !silent.is_empty() { " " span.faint { "not " (silent.join(", ")) } }
        }
    }
}

/// Of several measurements of one thing on one day the newest.
fn ratios(day: &Day) -> Markup {
    let newest: BTreeMap<(&str, &str), f64> = day
        .ratios
        .iter()
        .map(|record| ((record.name.as_str(), record.peer.as_str()), record.ratio))
        .collect();
    html! {
        @if newest.is_empty() { span.faint { "not measured" } }
        @for ((name, peer), ratio) in &newest {
            div { (shown(peer)) " × " (format!("{ratio:.1}")) " " span.faint { (shown(name)) } }
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

/// Each signature once: those that nobody excuses first, then the most frequent, with the smallest run as the example.
pub(super) fn signatures(runs: &[Summary], standings: &[StandingRecord]) -> Option<Markup> {
    let standing = |signature: &str| standings.iter().find(|record| record.signature == signature);
    let excused =
        |signature: &str| standing(signature).is_some_and(|record| record.standing == StandingWord::Known);
    let mut by_signature: BTreeMap<&str, Vec<&Summary>> = BTreeMap::new();
    for run in runs {
        for signature in &run.signatures {
            by_signature.entry(signature).or_default().push(run);
        }
    }
    let mut rows: Vec<_> = by_signature.into_iter().collect();
    rows.sort_by_key(|(signature, runs)| (excused(signature), std::cmp::Reverse(runs.len())));
    (!rows.is_empty()).then(|| {
        html! {
            table {
                thead { tr { th { "signature" } @if !standings.is_empty() { th { "standing" } } th { "seen in" } th { "first" } th { "last" } th { "smallest example" } } }
                tbody {
                    @for (signature, runs) in rows.iter().take(SIGNATURES_LIMIT) {
                        tr {
                            td.words { code { (shown(signature)) } }
                            @if !standings.is_empty() { td { (standing(signature).map_or_else(|| html! { span.faint { "in reruns only" } }, words_of)) } }
                            td { (counted(runs.len() as u64, "run")) }
                            td.day { (day(runs[runs.len() - 1])) }
                            td.day { (day(runs[0])) }
                            @let smallest = smallest(runs);
                            td { a href=(super::page::link(smallest)) { (shown(smallest.run.id.as_str())) } }
                        }
                    }
                }
            }
        }
    })
}

fn words_of(record: &StandingRecord) -> Markup {
    html! {
        @if record.standing == StandingWord::Known { (record.standing.word()) } @else { span.missed { (record.standing.word()) } }
        @if !record.issue.is_empty() { ", " (shown(&record.issue)) }
    }
}

/// The run with the fewest operations; of equals the newest.
fn smallest<'a>(runs: &[&'a Summary]) -> &'a Summary {
    let mut smallest = runs[0];
    for run in runs {
        if run.run.counts().total() < smallest.run.counts().total() {
            smallest = run;
        }
    }
    smallest
}

fn day(run: &Summary) -> String {
    shown(&run.run.started_at.chars().take(10).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_ratio_of_a_day_is_shown() {
        let record = |at: &str, ratio| BenchmarkRecord {
            schema: 1,
            at: at.to_owned(),
            name: "linearizable".to_owned(),
            peer: "<Porcupine>".to_owned(),
            ratio,
        };
        let measured = [
            record("2026-11-20T01:00:00Z", 29.0),
            record("2026-11-20T02:00:00Z", 31.04),
        ];
        let page = days(&[], &measured).into_string();
        assert!(page.contains("&lt;Porcupine&gt; × 31.0"), "{page}");
        assert!(!page.contains("29.0"), "{page}");
        assert!(page.contains("2026-11-20"), "{page}");
    }
}
