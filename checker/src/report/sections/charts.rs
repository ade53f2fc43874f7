//! Where the script draws: one picture over another on one clock.

use maud::html;

use super::{Section, glyphs};
use crate::report::{
    operations::Outcome,
    sample::Kept,
    text::{counted, grouped},
    view::View,
};

/// Identity, heading and explanation of each chart; `assets/panels.js` has a painter for each.
const CHARTS: [(&str, &str, &str); 7] = [
    ("faults", "Faults", "what the nemesis did, while it was in force"),
    (
        "members",
        "Members",
        "role and term; hatched while paused, hollow while down",
    ),
    ("throughput", "Throughput", "ends per second"),
    (
        "latency",
        "Latency",
        "from request to end, logarithmic; lines are the median and the 99th percentile of ok",
    ),
    (
        "clients",
        "Clients",
        "a lane for each client, whose process number changes after an info; a box for each operation",
    ),
    (
        "lag",
        "Replication lag",
        "for how long there has been an entry that the member has not applied (solid) or not committed (dotted)",
    ),
    ("clocks", "Clocks", "how far each member's wall clock was turned"),
];

/// Left out when the run has no operation and no status.
pub(crate) fn section(view: &View, kept: &Kept) -> Option<Section> {
    if view.operations.is_empty() && view.contents.status.is_empty() {
        return None;
    }
    let note = (kept.weight > 1).then(|| {
        format!(
            "{} of {} are drawn: all that did not end ok, all witnesses, the slowest; one of {} of the rest",
            grouped(kept.places.len() as u64),
            counted(view.operations.len() as u64, "operation"),
            kept.weight
        )
    });
    Some(Section {
        id: "timeline",
        short: "Timeline",
        title: "The run over time".to_owned(),
        note,
        body: html! {
            div.card.charts #charts {
                div.toolbar {
                    p.key {
                        (glyphs::outcome(Outcome::Ok)) (glyphs::outcome(Outcome::Info)) (glyphs::outcome(Outcome::Fail))
                        span.faint.keys { "Drag to zoom, click a mark for its operation. Keys: " kbd { "←" } kbd { "→" } " operations, " kbd { "n" } " next that is not ok, " kbd { "+" } kbd { "−" } kbd { "0" } " zoom" }
                    }
                    div.buttons {
                        @if view.anomalies().next().is_some() { button.plain #to-anomaly type="button" { "To the anomaly" } }
                        button.plain #zoom-in type="button" aria-label="Zoom in" { "+" }
                        button.plain #zoom-out type="button" aria-label="Zoom out" { "−" }
                        button.plain #zoom-all type="button" { "Whole run" }
                    }
                }
                p.loading #loading { "Unpacking " (counted(kept.places.len() as u64, "operation")) "…" }
                div #panels tabindex="0" role="application" aria-label="Charts of the run; the tables below say the same in text" {
                    @for (id, title, about) in CHARTS {
                        figure id={ "chart-" (id) } hidden {
                            figcaption { b { (title) } " " span.faint { (about) } }
                            canvas role="img" aria-label=(title) {}
                        }
                    }
                }
            }
        },
    })
}
