//! The page over all runs.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{Summary, reached, trend};
use crate::{
    record::{
        benchmark::BenchmarkRecord, reached::ReachedRecord, standing::StandingRecord, verdict::Overall,
    },
    report::{
        policy,
        text::{counted, duration, grouped, shown, visible},
    },
};

const STYLE: &str = concat!(
    include_str!("../assets/base.css"),
    include_str!("../assets/index.css")
);
const SCRIPT: &str = concat!(
    "\"use strict\";\n",
    include_str!("../assets/base.js"),
    include_str!("../assets/index.js")
);

/// Most runs in the table; the older ones are counted in the trend only.
const ROWS_LIMIT: usize = 5_000;

/// The whole page; `runs` is newest first.
pub(super) fn page(
    runs: &[Summary],
    benchmarks: &[BenchmarkRecord],
    standings: &[StandingRecord],
    reached: &[ReachedRecord],
) -> String {
    let body = html! {
        a.skip href="#main" { "Skip to the content" }
        main #main {
            header.top {
                div { h1 { "Runs" } p.faint { (subtitle(runs)) } }
                button.plain #theme type="button" title="Light, dark, or as the system" { "◐" }
            }
            @if runs.is_empty() {
                div.card { p { "No run yet. " code { "cargo run -p checker" } " makes one." } }
            } @else {
                (tiles(runs))
                (table(runs))
                h2 { "By day" }
                div.card.scroll { (trend::days(runs, benchmarks)) }
                @if let Some(curve) = reached::curve(reached) {
                    h2 { "Coverage over time" }
                    div.card.scroll { (curve) }
                }
                @if let Some(signatures) = trend::signatures(runs, standings) {
                    h2 { "Anomalies by signature" }
                    div.card.scroll { (signatures) }
                }
            }
        }
    };
    policy::page("Runs", STYLE, SCRIPT, &body)
}

/// Where a run's line leads: to its page, or to its directory when it has none.
pub(super) fn link(run: &Summary) -> String {
    let mut link: String = run
        .place
        .to_string_lossy()
        .split('/')
        .map(encoded)
        .collect::<Vec<_>>()
        .join("/");
    link.push_str(if run.has_report { "/report.html" } else { "/" });
    // A first part with a colon would be read as a scheme.
    format!("./{link}")
}

fn encoded(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

fn subtitle(runs: &[Summary]) -> String {
    let operations: u64 = runs.iter().map(|run| run.run.counts().total()).sum();
    let struck: usize = runs.iter().map(|run| run.struck).sum();
    format!(
        "{}, {}, {} that struck",
        counted(runs.len() as u64, "run"),
        counted(operations, "operation"),
        counted(struck as u64, "fault")
    )
}

/// One button for each word: how many, and a filter.
fn tiles(runs: &[Summary]) -> Markup {
    let count = |overall| runs.iter().filter(|run| run.overall == overall).count();
    html! {
        div.tiles role="group" aria-label="Filter by verdict" {
            @for overall in [Overall::Violation, Overall::Unknown, Overall::Invalid, Overall::Pass] {
                button.tile.(overall.word()) type="button" aria-pressed="true" data-verdict=(overall.word()) {
                    b { (grouped(count(overall) as u64)) } (overall.word())
                }
            }
        }
    }
}

fn table(runs: &[Summary]) -> Markup {
    let workloads: BTreeSet<&str> = runs
        .iter()
        .flat_map(|run| &run.run.workloads)
        .map(|workload| workload.name.as_str())
        .collect();
    html! {
        div.filters {
            input #search type="search" placeholder="Search: seed, fault, signature, words of the cause…  ( / )" aria-label="Search";
            select #workload aria-label="Workload" {
                option value="" { "all workloads" }
                @for workload in workloads { option { (shown(workload)) } }
            }
            span.faint #shown role="status" {}
        }
        div.card.scroll {
            table.runs {
                thead { tr { th { "verdict" } th { "run" } th { "workload" } th { "faults" } th.number { "operations" } th.number { "lasted" } th { "cause" } } }
                tbody #rows { @for run in runs.iter().take(ROWS_LIMIT) { (row(run)) } }
            }
            @if runs.len() > ROWS_LIMIT { p.faint { (grouped((runs.len() - ROWS_LIMIT) as u64)) " older runs are left out of this table." } }
        }
    }
}

fn row(run: &Summary) -> Markup {
    let record = &run.run;
    let workloads: Vec<String> = record
        .workloads
        .iter()
        .map(|workload| shown(&workload.name))
        .collect();
    let nemeses: Vec<String> = record
        .nemeses
        .iter()
        .map(|nemesis| shown(&nemesis.name))
        .collect();
    html! {
        tr data-verdict=(run.overall.word()) data-workloads=(workloads.join(" ")) {
            td { span.pill.(run.overall.word()) { (run.overall.word()) } }
            td.run {
                a href=(link(run)) { (time(&record.started_at)) }
                div.faint { "seed " (record.seed) }
                @if let Some(bug) = &record.planted_bug { div.missed { "planted bug " (shown(bug)) } }
            }
            td { (workloads.join(", ")) }
            td { (nemeses.join(", ")) div.faint { (run.struck) @if run.struck != run.faults { " of " (run.faults) } " struck" } }
            td.number { (grouped(record.counts().total())) }
            td.number { (duration(record.duration_ms.saturating_mul(1_000_000))) }
            td.words {
                (visible(&run.cause, 300))
                @for signature in run.signatures.iter().take(4) { div { code.signature { (shown(signature)) } } }
            }
        }
    }
}

/// `2026-11-21 07:09:08`.
fn time(started_at: &str) -> String {
    shown(&started_at.chars().take(19).collect::<String>().replace('T', " "))
}
