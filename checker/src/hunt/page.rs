//! The matrix as a page.

use maud::{Markup, html};

use super::{
    record::{Cell, Clean, HuntRecord},
    table::seconds,
};
use crate::report::page_of_its_own;

/// One self-contained page.
pub fn page(record: &HuntRecord) -> String {
    let (bugs, worlds) = (record.bugs(), record.worlds());
    let caught = |bug: &str| record.soonest_ms(bug).is_some();
    let count = bugs.iter().filter(|(bug, _)| caught(bug)).count();
    let body = html! {
        main #main {
            h1 { "Hunt: " (count) " of " (bugs.len()) " planted bugs caught" }
            p.faint {
                (record.began) ", commit " code { (record.git) } ", at most " (seconds(record.budget_ms))
                " for one bug in one world, " (record.trials) " trials"
            }
            p { "A bug counts as caught by an oracle that names a guarantee which it breaks, in every trial." }
            div.card.scroll {
                table {
                    thead { tr { th { "bug" } @for world in &worlds { th { (world.word()) } } } }
                    tbody {
                        @for (bug, name) in &bugs {
                            tr {
                                td { b { (bug) } " " (name) }
                                @for world in &worlds {
                                    td {
                                        @if let Some(cell) = record.find(bug, *world) { (show(cell)) } @else { "–" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            @if !record.clean.is_empty() {
                h2 { "The clean node under the same runs" }
                div.card.scroll {
                    @for clean in &record.clean { (show_clean(clean)) }
                }
            }
        }
    };
    page_of_its_own("Hunt", &body)
}

fn show(cell: &Cell) -> Markup {
    let (oracles, seen) = (cell.oracles(), cell.seen());
    let words = cell
        .trials
        .iter()
        .map(|trial| trial.words.as_str())
        .find(|words| !words.is_empty());
    html! {
        @match cell.times_ms() {
            Some((median, worst)) => {
                span.tag.good[cell.is_caught()] { @for oracle in &oracles { (oracle) " " } }
                " " (seconds(median)) @if worst > median { ", worst " (seconds(worst)) }
                @if !cell.is_caught() { " (not in every trial)" }
            }
            None => {
                span.tag.bad { "missed" }
                @if !seen.is_empty() { " only: " @for oracle in &seen { (oracle) " " } }
            }
        }
        @if let Some(words) = words { div.faint { (words) } }
    }
}

fn show_clean(clean: &Clean) -> Markup {
    html! {
        p {
            b { (clean.world.word()) } ": " (clean.runs) " runs, " (clean.operations) " operations, "
            (clean.faults) " faults, " (seconds(clean.elapsed_ms)) ": "
            (clean.alarms.len()) " false alarms, " (clean.invalid.len()) " invalid"
        }
        @for words in clean.alarms.iter().chain(&clean.invalid) { p.faint { (words) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hunt::{circumstances::Circumstances, record::Trial, world::World};

    #[test]
    fn words_of_a_run_are_escaped() {
        let record = HuntRecord {
            cells: vec![Cell {
                bug: "C12".to_owned(),
                name: "early".to_owned(),
                world: World::Live,
                circumstances: Circumstances::default(),
                must_name: Vec::new(),
                trials: vec![Trial {
                    caught_by: Some("check:no-lost-write".to_owned()),
                    words: "<script>alert(1)</script>".to_owned(),
                    ..Trial::default()
                }],
            }],
            clean: vec![Clean::new(World::Live)],
            ..HuntRecord::default()
        };
        let page = page(&record);
        assert!(page.contains("1 of 1 planted bugs caught") && page.contains("0 false alarms"));
        assert!(!page.contains("<script>alert"), "{page}");
    }
}
