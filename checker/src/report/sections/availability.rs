//! Rows S0-04 and S2-30 of the notes: how available the set was, and how long it was without a primary.

use maud::{Markup, html};

use super::Section;
use crate::report::{
    availability::{SLOT_NS, Succession, availability, successions},
    text::{duration, grouped, moment},
    view::View,
};

/// Upper ends of the histogram's classes; the last one is open.
const CLASSES_MS: [u64; 7] = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000];

/// Left out when no operation ended.
pub(crate) fn section(view: &View) -> Option<Section> {
    let measured = availability(view)?;
    let successions = successions(&view.contents.status);
    let percent = measured.per_mille();
    Some(Section {
        id: "availability",
        short: "Availability",
        title: "Availability".to_owned(),
        note: Some(format!("{}.{} %", percent / 10, percent % 10)),
        body: html! {
            div.card {
                p {
                    "Clients had at least one " b { "ok" } " answer in "
                    b { (grouped(measured.answered)) " of " (grouped(measured.slots)) } " slots of " (duration(SLOT_NS)) "."
                    @if let Some((length, from)) = measured.silence {
                        " The longest silence was " b { (duration(length)) } ", from " (moment(from)) " on."
                    }
                }
                @if successions.is_empty() {
                    p.faint { "The first primary led to the end: nothing is known of how long an election takes here." }
                } @else {
                    (histogram(view, &successions))
                }
            }
        },
    })
}

/// How often the set was without a primary for how long, and the worst case.
fn histogram(view: &View, successions: &[Succession]) -> Markup {
    let class = |next: &Succession| {
        let vacancy_ms = next.vacancy_ns / 1_000_000;
        CLASSES_MS
            .iter()
            .position(|end| vacancy_ms < *end)
            .unwrap_or(CLASSES_MS.len())
    };
    let mut counts = [0_u64; CLASSES_MS.len() + 1];
    successions.iter().for_each(|next| counts[class(next)] += 1);
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let used = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
    let worst = successions.iter().max_by_key(|next| next.vacancy_ns);
    html! {
        p { "How long nobody was seen to lead, over " (grouped(successions.len() as u64)) " changes of primary:" }
        div.scroll {
            table.histogram {
                thead { tr { th { "without a primary for" } th.number { "times" } th { "" } } }
                tbody {
                    @for (place, count) in counts.iter().enumerate().take(used + 1) {
                        tr {
                            td { (words(place)) }
                            td.number { (grouped(*count)) }
                            td {
                                svg.recovery viewBox="0 0 90 8" aria-hidden="true" {
                                    rect width=(format!("{:.1}", 90.0 * *count as f64 / most as f64)) height="8" rx="2" {}
                                }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(worst) = worst {
            p.faint {
                "The longest: " (duration(worst.vacancy_ns)) ", until " (view.member(worst.member)) " led term "
                (worst.term) " at " (moment(worst.at_ns)) ". As exact as the members were looked at."
            }
        }
    }
}

fn words(class: usize) -> String {
    let ns = |ms: u64| duration(ms * 1_000_000);
    match (class.checked_sub(1), CLASSES_MS.get(class)) {
        (None, _) => format!("less than {}", ns(CLASSES_MS[0])),
        (Some(below), Some(end)) => format!("{} to {}", ns(CLASSES_MS[below]), ns(*end)),
        (Some(below), None) => format!("{} or more", ns(CLASSES_MS[below])),
    }
}
