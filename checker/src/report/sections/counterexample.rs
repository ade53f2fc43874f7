//! The smallest counterexample of each anomaly: words, lanes, table.

use maud::{Markup, html};

use super::{Section, glyphs, lanes, references};
use crate::{
    checks::{Anomaly, Verdict},
    history::Phase,
    report::{
        describe::{self, Shown},
        operations::Played,
        text::{counted, duration, moment, shown},
        view::View,
    },
};

/// Left out when no check found anything.
pub(crate) fn section(view: &View) -> Option<Section> {
    let anomalies: Vec<_> = view.anomalies().collect();
    let (first, others) = anomalies.split_first()?;
    Some(Section {
        id: "counterexample",
        short: "Counterexample",
        title: "The smallest counterexample".to_owned(),
        note: (!others.is_empty()).then(|| format!("the first of {} anomalies", anomalies.len())),
        body: html! {
            div.card { (anomaly(view, first.0, first.1)) }
            @for (verdict, other) in others {
                details.card {
                    summary {
                        span.chip.strong { (shown(&other.kind)) }
                        " " (shown(&verdict.check))
                        @if let Some(key) = other.key { " · key k" (key) }
                        " · " (counted(other.operations.len() as u64, "operation"))
                    }
                    (anomaly(view, verdict, other))
                }
            }
        },
    })
}

fn anomaly(view: &View, verdict: &Verdict, anomaly: &Anomaly) -> Markup {
    let mut played: Vec<&Played> = anomaly
        .operations
        .iter()
        .filter_map(|number| view.operation(*number))
        .collect();
    played.sort_by_key(|played| played.start_ns);
    html! {
        p.story { (references::linked(view, &anomaly.words)) }
        @if played.is_empty() {
            p.about { "Its operations are not in the stored history; " (shown(&verdict.check)) " named " (counted(anomaly.operations.len() as u64, "operation")) "." }
        } @else {
            (lanes::picture(view, &played))
            (table(view, &played))
        }
    }
}

fn table(view: &View, played: &[&Played]) -> Markup {
    let asked: Vec<Vec<String>> = played.iter().map(|played| concerns(view, played)).collect();
    let alike = asked.windows(2).all(|pair| pair[0] == pair[1]);
    html! {
        @if alike && let Some(phrases) = asked.first() {
            @if !phrases.is_empty() { p.legend { "All asked with " (phrases.join(", ")) "." } }
        }
        div.scroll {
            table {
                thead { tr { th { "operation" } th { "process" } th { "asked" } th { "ended" } th { "saw" } th { "from" } th.number { "asked at" } th.number { "took" } } }
                tbody {
                    @for (played, phrases) in played.iter().zip(&asked) {
                        tr {
                            td { (references::operation(played.number)) }
                            td { (played.process) }
                            td.asked { code { (played.request) } @if !alike { " " span.faint { (phrases.join(", ")) } } }
                            td { (glyphs::outcome(played.outcome)) }
                            td.saw { (whole_result(view, played)) }
                            td { @if let Some(member) = played.member { (view.member(member)) } }
                            td.number { (moment(played.start_ns)) }
                            td.number { @if let Some(end_ns) = played.end_ns { (duration(end_ns - played.start_ns)) } @else { "open" } }
                        }
                    }
                }
            }
        }
    }
}

/// What was seen, longer than charts show it.
fn whole_result(view: &View, played: &Played) -> String {
    let completion = view
        .contents
        .history
        .iter()
        .rev()
        .find_map(|event| match &event.phase {
            Phase::Ok { observed, .. } if event.operation == played.number => Some(observed),
            _ => None,
        });
    completion.map_or_else(
        || played.result.clone(),
        |observed| describe::observed(observed, Shown::MANY),
    )
}

/// The concerns, where the request can be found.
fn concerns(view: &View, played: &Played) -> Vec<String> {
    let request = view.contents.history.iter().find_map(|event| match &event.phase {
        Phase::Invoke { request, .. } if event.operation == played.number => Some(request),
        _ => None,
    });
    request
        .map(|request| describe::concerns(&request.concerns))
        .unwrap_or_default()
}
