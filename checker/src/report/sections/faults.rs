//! Every fault: what was planned, what it did, and how long the clients suffered.

use maud::{Markup, html};

use super::{Section, glyphs};
use crate::{
    record::{fault::FaultRecord, recovery},
    report::{
        family::family,
        operations::{answers, longest_silence},
        text::{duration, grouped, moment, shown, words},
        view::View,
    },
};

/// Left out when nothing was done to the cluster.
pub(crate) fn section(view: &View) -> Option<Section> {
    let mut faults = view.contents.faults.clone();
    if faults.is_empty() {
        return None;
    }
    recovery::measure(&mut faults, &view.contents.history);
    let answers = answers(&view.operations);
    let silences = faults.iter().map(|fault| {
        let healed_ns = fault.healed_ns.unwrap_or(view.end_ns);
        longest_silence(&answers, fault.applied_ns?, healed_ns).map(|(length, _)| length)
    });
    let rows: Vec<(FaultRecord, Option<u64>)> = faults.iter().cloned().zip(silences).collect();
    let times = rows
        .iter()
        .flat_map(|(fault, silence)| [*silence, fault.recovery.first_ok_after_heal_ns]);
    let longest = times.flatten().max().unwrap_or(1).max(1);
    Some(Section {
        id: "faults",
        short: "Faults",
        title: "Faults".to_owned(),
        note: None,
        body: html! {
            div.card.scroll {
                table.faults {
                    thead {
                        tr {
                            th { "#" } th { "fault" } th { "took effect" } th { "proof" }
                            th.number { "applied" } th.number { "lasted" }
                            th { "longest silence meanwhile" } th { "first ok after it healed" }
                        }
                    }
                    tbody { @for (fault, silence) in &rows { (row(fault, *silence, longest)) } }
                }
            }
        },
    })
}

/// `silence` is the longest time without an answer that reaches into the fault.
fn row(fault: &FaultRecord, silence: Option<u64>, longest: u64) -> Markup {
    html! {
        tr id={ "fault-" (fault.index) } {
            td { (fault.index) }
            td.words {
                span.kind data-family=(family(fault.kind())) title=(words(fault.kind())) {}
                (shown(&fault.words))
                @if !fault.words.contains(&fault.nemesis) { " " span.faint { "by " (shown(&fault.nemesis)) } }
            }
            td { (glyphs::yes(fault.took_effect, "yes", "no")) }
            td.effect { @for (name, value) in &fault.effect { span { (grouped(*value)) " " (words(name)) } } }
            td.number {
                @match fault.applied_ns {
                    Some(applied_ns) => { (moment(applied_ns)) @if applied_ns.saturating_sub(fault.planned_ns) > 1_000_000_000 { div.faint { "planned " (moment(fault.planned_ns)) } } },
                    None => { "never" div.faint { "planned " (moment(fault.planned_ns)) } },
                }
            }
            td.number {
                @match (fault.applied_ns, fault.healed_ns) {
                    (Some(applied_ns), Some(healed_ns)) => (duration(healed_ns.saturating_sub(applied_ns))),
                    (Some(_), None) => "to the end",
                    _ => "",
                }
            }
            td { (bar(silence, longest)) }
            td { (bar(fault.recovery.first_ok_after_heal_ns, longest)) }
        }
    }
}

/// A length of time as a bar of up to 90 units, on a logarithmic scale from a millisecond, with its number.
fn bar(time_ns: Option<u64>, longest_ns: u64) -> Markup {
    let Some(time_ns) = time_ns else {
        return html! { span.faint { "none" } };
    };
    let scale = |nanos: u64| (1.0 + nanos as f64 / 1e6).log10();
    let width = 90.0 * scale(time_ns) / scale(longest_ns).max(0.3);
    html! {
        svg.recovery viewBox="0 0 90 8" aria-hidden="true" { rect width=(format!("{width:.1}")) height="8" rx="2" {} }
        (duration(time_ns))
    }
}
