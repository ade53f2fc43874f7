//! What the model checker found.

use maud::{Markup, html};

use super::{Section, glyphs};
use crate::{
    record::model::{ModelResult, PropertyOutcome, SimulationResult},
    report::{
        text::{counted, duration, grouped, shown, visible},
        view::View,
    },
};

/// Longest chart of a violation that is shown, in characters.
const CHART_LIMIT: usize = 40_000;

/// Left out when the run had no model check.
pub(crate) fn section(view: &View) -> Option<Section> {
    let record = view.contents.model.as_ref()?;
    Some(Section {
        id: "models",
        short: "Models",
        title: "Model check of the protocol's core".to_owned(),
        note: Some("every order of events within small bounds".to_owned()),
        body: html! {
            @for model in &record.models { (card(model)) }
            @if let Some(simulation) = &record.simulation { (clusters(simulation)) }
        },
    })
}

fn clusters(simulation: &SimulationResult) -> Markup {
    let holds = simulation.violation.is_none();
    html! {
        details.card open[!holds] {
            summary {
                (glyphs::yes(holds, "holds", "broken"))
                " " b { "simulated clusters" }
                " " span.faint { "whole sets in one thread each: networks, disks, clocks and clients drawn from a seed" }
                span.facts {
                    (counted(simulation.seeds, "seed")) " from " (simulation.from) " · " (counted(simulation.steps, "step"))
                    " · " (grouped(simulation.simulated_s)) " s of their time in "
                    (duration(simulation.elapsed_ms.saturating_mul(1_000_000)))
                }
            }
            @if let Some((seed, words)) = &simulation.violation {
                p { "Seed " (seed) " ended in " (shown(words)) ". " code { "checker simulate --from " (seed) " --seeds 1" } }
            } @else {
                p.faint { "Every invariant held after every step; every set came to rest after its trouble." }
            }
        }
    }
}

fn card(model: &ModelResult) -> Markup {
    let good = model
        .properties
        .iter()
        .filter(|property| property.outcome.is_good())
        .count();
    html! {
        details.card open[model.failed()] {
            summary {
                (glyphs::yes(!model.failed(), "holds", "broken"))
                " " b { (shown(&model.name)) }
                " " span.faint { (shown(&model.bounds)) }
                span.facts {
                    (counted(model.states, "state")) " · depth " (grouped(model.depth)) " · " (duration(model.elapsed_ms.saturating_mul(1_000_000)))
                    " · " (good) " of " (model.properties.len()) " properties good"
                    @if !model.complete { " · " span.missed { "not all states were visited" } }
                }
            }
            ul.properties {
                @for property in &model.properties {
                    li {
                        (outcome(property.outcome)) " " b { (shown(&property.name)) }
                        " " span.faint { (shown(&property.about)) }
                    }
                }
            }
            @if let Some(chart) = &model.violation_chart {
                pre.chart { @for line in visible_lines(chart) { (line) "\n" } }
            }
        }
    }
}

fn outcome(outcome: PropertyOutcome) -> Markup {
    match outcome {
        PropertyOutcome::Held => glyphs::yes(true, "held", ""),
        PropertyOutcome::Reached => glyphs::yes(true, "reached", ""),
        PropertyOutcome::Violated => glyphs::yes(false, "", "violated"),
        PropertyOutcome::NotReached => glyphs::yes(false, "", "not reached"),
    }
}

fn visible_lines(chart: &str) -> Vec<String> {
    let mut left = CHART_LIMIT;
    let mut lines = Vec::new();
    for line in chart.lines() {
        if left == 0 {
            lines.push("…".to_owned());
            break;
        }
        lines.push(visible(line, left));
        left = left.saturating_sub(line.chars().count() + 1);
    }
    lines
}
