//! Coverage over time: situations that a campaign's runs had reached, run by run.

use maud::{Markup, html};

use crate::{
    record::reached::ReachedRecord,
    report::text::{counted, grouped},
};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 140.0;
/// Most dots: of a longer campaign only the line is drawn.
const DOTS_LIMIT: usize = 120;

/// A curve with a dot a run; nothing for less than two runs.
pub(super) fn curve(runs: &[ReachedRecord]) -> Option<Markup> {
    let (Some(last), true) = (runs.last(), runs.len() > 1) else {
        return None;
    };
    let most = last.total.max(1) as f64;
    let steps = (runs.len() - 1) as f64;
    let place = |index: usize, total: usize| {
        let (x, y) = (WIDTH * index as f64 / steps, HEIGHT * (1.0 - total as f64 / most));
        (format!("{x:.1}"), format!("{y:.1}"))
    };
    let points: Vec<(String, String, &ReachedRecord)> = runs
        .iter()
        .enumerate()
        .map(|(index, run)| {
            let (x, y) = place(index, run.total);
            (x, y, run)
        })
        .collect();
    let line: Vec<String> = points.iter().map(|(x, y, _)| format!("{x},{y}")).collect();
    let changed = runs.iter().filter(|run| run.changed).count() as u64;
    let idle = runs.iter().filter(|run| run.new == 0).count() as u64;
    Some(html! {
        p {
            b { (grouped(last.total as u64)) } " situations after " (counted(runs.len() as u64, "run")) ": rules that fired together at a \
            member, after which others, in which sketch of its state. " (counted(idle, "run")) " reached nothing new."
            @if changed > 0 { " " (counted(changed, "run")) " changed a schedule that had reached something new." }
        }
        svg.reached viewBox=(format!("-6 -6 {} {}", WIDTH + 12.0, HEIGHT + 12.0)) role="img" aria-label="situations reached, run by run" {
            line.axis x1="0" y1=(HEIGHT) x2=(WIDTH) y2=(HEIGHT) {}
            polyline points=(line.join(" ")) {}
            @if points.len() <= DOTS_LIMIT {
                @for (x, y, run) in &points {
                    circle.changed[run.changed] cx=(x) cy=(y) r="3" {
                        title { "run " (run.number) ": " (grouped(run.new as u64)) " new, " (grouped(run.total as u64)) " in all" @if run.changed { ", a changed schedule" } }
                    }
                }
            }
        }
        p.faint { "From the first run to the last; up: situations." @if changed > 0 { " Filled: changed schedules, hollow: fresh ones." } }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_is_one_line_with_a_dot_a_run() {
        let run = |number, changed, new, total| ReachedRecord {
            number,
            changed,
            duration_ms: 1,
            new,
            total,
        };
        let runs = [
            run(0, false, 400, 400),
            run(1, true, 100, 500),
            run(2, true, 0, 500),
        ];
        let drawn = curve(&runs).expect("three runs are a curve").into_string();
        assert!(drawn.contains("0.0,28.0 360.0,0.0 720.0,0.0"), "{drawn}");
        assert_eq!(drawn.matches("<circle").count(), 3);
        assert!(
            drawn.contains("run 1: 100 new, 500 in all, a changed schedule"),
            "{drawn}"
        );
        assert!(curve(&runs[..1]).is_none());
    }
}
