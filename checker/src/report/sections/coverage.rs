//! Which rules of the protocol fired, in which world.

use std::collections::BTreeSet;

use maud::html;

use super::Section;
use crate::report::{
    text::{counted, grouped, shown, words},
    view::View,
};

/// Left out when nobody counted.
pub(crate) fn section(view: &View) -> Option<Section> {
    let worlds = &view.contents.coverage.as_ref()?.worlds;
    let rules: BTreeSet<&String> = worlds.values().flat_map(|rules| rules.keys()).collect();
    let most = worlds
        .values()
        .flat_map(|rules| rules.values())
        .max()
        .copied()
        .unwrap_or(0)
        .max(1);
    let unseen = rules.iter().filter(|rule| {
        worlds
            .values()
            .all(|counts| counts.get(**rule).is_none_or(|count| *count == 0))
    });
    let unseen = unseen.count() as u64;
    (!rules.is_empty()).then(|| Section {
        id: "coverage",
        short: "Coverage",
        title: "Rules of the protocol that fired".to_owned(),
        note: Some(if unseen == 0 { "each in at least one world".to_owned() } else { format!("{} never fired", counted(unseen, "rule")) }),
        body: html! {
            div.card.scroll {
                table.coverage {
                    thead { tr { th { "rule" } @for world in worlds.keys() { th.number { (words(world)) } } } }
                    tbody {
                        @for rule in &rules {
                            tr {
                                td { code { (shown(rule)) } }
                                @for counts in worlds.values() {
                                    @match counts.get(*rule) {
                                        None => td.number.faint { "–" },
                                        Some(0) => td.number { span.tag.bad { span.tick { "✕" } "never" } },
                                        Some(count) => td.number.heat data-heat=(heat(*count, most)) { (grouped(*count)) },
                                    }
                                }
                            }
                        }
                    }
                }
            }
        },
    })
}

/// 1 to 5, by the logarithm.
fn heat(count: u64, most: u64) -> u64 {
    let share = (count as f64).ln_1p() / (most as f64).ln_1p();
    1 + (share * 4.0).round() as u64
}
