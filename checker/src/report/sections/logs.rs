//! What the members said around the anomaly, merged on one clock.

use maud::html;

use super::{
    Section,
    log_lines::{self, LogLine},
};
use crate::{
    record::{clock::parse_utc, directory::RunDirectory},
    report::{
        text::{moment, shown, visible},
        view::View,
    },
};

/// How far before and after the anomaly lines are shown.
const AROUND_NS: u64 = 2_000_000_000;
/// Most lines on the page; those nearest to the anomaly stay.
const LINES_LIMIT: usize = 400;
/// Longest line on the page, in characters.
const LINE_LIMIT: usize = 600;

/// Left out when nothing was said at that time.
pub(crate) fn section(view: &View, directory: &RunDirectory) -> Option<Section> {
    let (start_ns, end_ns, what) = moment_of_interest(view)?;
    let (from_ns, to_ns) = (
        start_ns.saturating_sub(AROUND_NS),
        end_ns.saturating_add(AROUND_NS),
    );
    let run = view.run()?;
    let started_ns = parse_utc(&run.started_at).map_or(0, |(time_ns, _)| time_ns);
    let mut lines: Vec<(u8, LogLine)> = Vec::new();
    for member in &run.members {
        let read = log_lines::read(&directory.node_log(member.index), started_ns, from_ns, to_ns);
        lines.extend(read.into_iter().map(|line| (member.index, line)));
    }
    lines.sort_by_key(|(member, line)| (line.time_ns, *member));
    let found = lines.len();
    // The end of the story is the moment of the violation: lines near to it matter most.
    if found > LINES_LIMIT {
        let after = lines.partition_point(|(_, line)| line.time_ns <= end_ns);
        let first = after.saturating_sub(LINES_LIMIT * 3 / 4).min(found - LINES_LIMIT);
        lines = lines.into_iter().skip(first).take(LINES_LIMIT).collect();
    }
    if lines.is_empty() {
        return None;
    }
    let exact = lines.iter().all(|(_, line)| line.exact);
    Some(Section {
        id: "logs",
        short: "Logs",
        title: format!("What the members said around {what}"),
        note: (found > lines.len()).then(|| format!("{} of {found} lines; all are in nodes/", lines.len())),
        body: html! {
            div.card.scroll.logs {
                table.log {
                    tbody {
                        @for (member, line) in &lines {
                            tr.inside[(start_ns..=end_ns).contains(&line.time_ns)] {
                                td.number { (moment(line.time_ns)) }
                                td { span.member data-member=(member % 8) { (view.member(*member)) } }
                                td.line { (visible(&line.text, LINE_LIMIT)) }
                            }
                        }
                    }
                }
            }
            @if !exact { p.legend { "Some times are the members' own, whose clocks a fault may have turned: compare with the chart of the clocks." } }
        },
    })
}

/// The first anomaly; without one, the first fault that had no effect.
fn moment_of_interest(view: &View) -> Option<(u64, u64, String)> {
    if let Some((_, anomaly)) = view.anomalies().next()
        && let Some((start_ns, end_ns)) = view.span(anomaly)
    {
        return Some((start_ns, end_ns, "the anomaly".to_owned()));
    }
    let fault = view.contents.faults.iter().find(|fault| !fault.took_effect)?;
    let at_ns = fault.applied_ns.unwrap_or(fault.planned_ns);
    Some((
        at_ns,
        at_ns,
        format!("the fault without effect, {}", shown(&fault.words)),
    ))
}
