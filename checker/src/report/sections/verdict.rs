//! The first screen: the verdict, its cause, what was tested, what was not, and what to type.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::{glyphs, references};
use crate::{
    checks::Validity,
    record::{
        run::{OperationCounts, RunRecord},
        verdict::Overall,
    },
    report::{
        describe::concerns,
        family::family,
        operations::{Outcome, answers, longest_silence},
        text::{counted, duration, grouped, shown, visible, words},
        view::View,
    },
};

/// The first screen.
pub(crate) fn hero(view: &View) -> Markup {
    html! {
        header.hero.(view.overall().word()) {
            div.verdict {
                (glyphs::overall(view.overall()))
                div {
                    h1 { (headline(view.overall())) }
                    p.cause { (references::linked(view, view.cause())) }
                    (circumstances(view))
                    @if let Some(run) = view.run() { (identity(run)) }
                }
            }
            (figures(view))
        }
        div.pair {
            div.card { h3 { "What was tested" } (tested(view)) }
            div.card { h3 { "What was not" } (untested(view)) }
        }
        @if let Some(run) = view.run() { (commands(view, run)) }
        @if !view.contents.notes.is_empty() {
            div.card.warning {
                h3 { "Some of the run's files could not be read" }
                ul { @for note in &view.contents.notes { li { (shown(note)) } } }
            }
        }
    }
}

fn headline(overall: Overall) -> &'static str {
    match overall {
        Overall::Pass => "Pass",
        Overall::Violation => "Violation",
        Overall::Unknown => "Unknown",
        Overall::Invalid => "Invalid run",
    }
}

/// For a violation: key, faults at the time, and where to look. For the others: what the word means.
fn circumstances(view: &View) -> Markup {
    let Some((verdict, anomaly)) = view.anomalies().next() else {
        return html! {
            p.meaning {
                @match view.overall() {
                    Overall::Pass => "Every check proved its promise, and every fault is known to have struck.",
                    Overall::Unknown => "Neither proven nor refuted: this run must not be counted as a success.",
                    Overall::Invalid => "The run proves nothing, whatever the checks say: repeat it, or mend the tester.",
                    Overall::Violation => "The check stored no witness; its own words are in the table of checks.",
                }
            }
        };
    };
    let faults = view.faults_during(anomaly);
    html! {
        p.circumstances {
            span.chip.strong { (shown(&anomaly.kind)) }
            span.chip { "found by " (shown(&verdict.check)) }
            @if let Some(key) = anomaly.key { span.chip { "key k" (key) } }
            @for fault in faults.iter().take(3) {
                a.chip.fault data-family=(family(fault.kind())) href={ "#fault-" (fault.index) } { "during " (shown(&fault.words)) }
            }
            @if faults.is_empty() { span.chip { "no fault in force at the time" } }
            @if faults.len() > 3 { span.chip { "and " (faults.len() - 3) " more" } }
            a.jump href="#counterexample" { "See the counterexample ↓" }
        }
    }
}

fn identity(run: &RunRecord) -> Markup {
    html! {
        p.identity {
            span { (shown(&run.started_at)) }
            span { "seed " code { (run.seed) } }
            @if run.duration_ms > 0 { span { (duration(run.duration_ms * 1_000_000)) } }
            @if !run.versions.git.is_empty() { span { "commit " code { (shown(run.versions.git.get(..12).unwrap_or(&run.versions.git))) } } }
            @if !run.environment.tier.is_empty() { span { (shown(&run.environment.tier)) } }
            @if let Some(bug) = &run.planted_bug { span.planted { "planted bug " code { (shown(bug)) } } }
        }
    }
}

fn figures(view: &View) -> Markup {
    let counts = view
        .run()
        .map(RunRecord::counts)
        .filter(|counts| counts.total() > 0);
    let counts = counts.unwrap_or_else(|| count(view));
    let faults = &view.contents.faults;
    let struck = faults.iter().filter(|fault| fault.took_effect).count();
    let checks = view
        .contents
        .verdict
        .as_ref()
        .map_or(&[][..], |verdict| &verdict.checks);
    let valid = checks
        .iter()
        .filter(|check| check.validity == Validity::Valid)
        .count();
    html! {
        dl.figures {
            div.wide {
                dt { "operations" }
                dd { (grouped(counts.total())) }
                dd.sub { (outcomes(counts)) }
            }
            div {
                dt { "faults that struck" }
                dd { (struck) small { " / " (faults.len()) } }
                dd.sub { (if struck == faults.len() { "each with a measured effect" } else { "some had no effect" }) }
            }
            @if let Some(load) = view.run().and_then(|run| run.load).filter(|load| load.faults > 0) {
                div {
                    dt { "faults that met operations in flight" }
                    dd { (load.met_some) small { " / " (load.faults) } }
                    dd.sub { (load.median) " at the median, " (load.aim) " aimed at" }
                }
            }
            div {
                dt { "checks that hold" }
                dd { (valid) small { " / " (checks.len()) } }
                dd.sub { a href="#checks" { "see each" } }
            }
            @if let Some((length, since)) = longest_silence(&answers(&view.operations), 0, u64::MAX) {
                div {
                    dt { "longest time without an answer" }
                    dd { (duration(length)) }
                    dd.sub { "from " (duration(since)) " on" }
                }
            }
        }
    }
}

/// A bar in the outcomes' proportions, and their numbers.
fn outcomes(counts: OperationCounts) -> Markup {
    let total = counts.total().max(1) as f64;
    let (ok, info) = (
        counts.ok as f64 / total * 100.0,
        counts.info as f64 / total * 100.0,
    );
    html! {
        svg.share viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" {
            rect.fail width="100" height="4" {}
            rect.info width=(format!("{:.3}", ok + info)) height="4" {}
            rect.ok width=(format!("{ok:.3}")) height="4" {}
        }
        span.counts {
            (glyphs::outcome(Outcome::Ok)) " " b { (grouped(counts.ok)) }
            (glyphs::outcome(Outcome::Info)) " " b { (grouped(counts.info)) }
            (glyphs::outcome(Outcome::Fail)) " " b { (grouped(counts.fail)) }
        }
    }
}

fn count(view: &View) -> OperationCounts {
    let of = |outcome| {
        view.operations
            .iter()
            .filter(|played| played.outcome == outcome)
            .count() as u64
    };
    OperationCounts {
        ok: of(Outcome::Ok),
        fail: of(Outcome::Fail),
        info: of(Outcome::Info),
    }
}

fn tested(view: &View) -> Markup {
    let run = view.run();
    html! {
        @for workload in run.into_iter().flat_map(|run| &run.workloads) {
            div.tested {
                p { b { (shown(&workload.name)) } " " span.about { (shown(&workload.about)) } }
                p.chips {
                    @for phrase in concerns(&workload.concerns) { span.chip { (phrase) } }
                    @if workload.processes > 0 { span.chip { (counted(u64::from(workload.processes), "client")) } }
                    @for check in &workload.checks { span.chip { (check_chip(view, check)) } }
                }
            }
        }
        @if view.contents.faults.is_empty() { p.about { "No fault was injected." } }
        @else { (powers(view)) }
    }
}

/// The name of a check with the sign of its verdict; without a sign when it did not judge.
fn check_chip(view: &View, name: &str) -> Markup {
    let checks = view.contents.verdict.iter().flat_map(|verdict| &verdict.checks);
    match checks
        .filter(|check| check.check == name)
        .map(|check| check.validity)
        .max()
    {
        Some(validity) => glyphs::signed(validity, &shown(name)),
        None => html! { (shown(name)) span.faint { " did not judge" } },
    }
}

/// One line per kind of fault: how many, how many struck, and the counters that prove it.
fn powers(view: &View) -> Markup {
    #[derive(Default)]
    struct Power {
        planned: u64,
        struck: u64,
        effect: BTreeMap<String, u64>,
    }
    let mut powers: BTreeMap<&str, Power> = BTreeMap::new();
    for fault in &view.contents.faults {
        let power = powers.entry(fault.kind()).or_default();
        power.planned += 1;
        power.struck += u64::from(fault.took_effect);
        for (name, value) in &fault.effect {
            let sum = power.effect.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*value);
        }
    }
    html! {
        table.powers {
            tbody {
                @for (kind, power) in &powers {
                    tr {
                        td { span.kind data-family=(family(kind)) {} (words(kind)) }
                        td.number { (power.struck) @if power.struck != power.planned { span.missed { " of " (power.planned) } } " ×" }
                        td.effect {
                            @if power.struck < power.planned { span.missed { (power.planned - power.struck) " without effect " } }
                            @for (name, value) in power.effect.iter().filter(|(_, value)| **value > 0 || power.struck == 0) { span { (grouped(*value)) " " (words(name)) } }
                        }
                    }
                }
            }
        }
    }
}

fn untested(view: &View) -> Markup {
    let run = view.run();
    let not_checked: Vec<&String> = run.into_iter().flat_map(|run| &run.not_checked).collect();
    let shortfalls: Vec<&String> = run.into_iter().flat_map(|run| &run.shortfalls).collect();
    let unknown = view.contents.verdict.iter().flat_map(|verdict| &verdict.checks);
    let unknown: Vec<_> = unknown
        .filter(|check| check.validity == Validity::Unknown)
        .collect();
    html! {
        ul.untested {
            @for shortfall in shortfalls { li.missed { (shown(shortfall)) } }
            @for check in unknown { li.missed { (shown(&check.check)) ": " (shown(&check.summary)) } }
            @for sentence in &not_checked { li { (shown(sentence)) } }
            @if not_checked.is_empty() { li { "The run names nothing that it left out." } }
        }
    }
}

fn commands(view: &View, run: &RunRecord) -> Markup {
    let mut commands = vec![
        ("Run it again", run.commands.repeat.as_str()),
        ("Judge its history again", run.commands.recheck.as_str()),
    ];
    if view.overall() == Overall::Violation {
        commands.push((
            "Open the counterexample",
            run.commands.open_counterexample.as_str(),
        ));
    }
    html! {
        div.card.commands {
            @for (label, command) in commands {
                @if !command.is_empty() {
                    div.command {
                        span.label { (label) }
                        code { (visible(command, 2_000)) }
                        button.copy type="button" data-copy=(visible(command, usize::MAX)) { "Copy" }
                    }
                }
            }
        }
    }
}
