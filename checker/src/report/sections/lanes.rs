//! A witness as a picture: a lane per client, a box per operation, bands for the faults of that time.
//!
//! The axis keeps the order of all begins and ends exactly, and so every "before" and "overlaps" that the story
//! speaks of; distances are shortened (by logarithm), because two operations of a millisecond may lie twenty
//! seconds apart. The real times stand below.

use maud::{Markup, html};

use crate::{
    record::fault::FaultRecord,
    report::{
        family::family,
        operations::{Outcome, Played},
        text::{duration, moment, visible},
        view::View,
    },
};

const LANE_HEIGHT: f64 = 54.0;
const BOX_HEIGHT: f64 = 38.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 44.0;
/// Distance of two times that are next to nothing apart, and more for each factor of ten in milliseconds.
const GAP_LEAST: f64 = 20.0;
const GAP_DECADE: f64 = 16.0;
/// What gaps take on average.
const GAP_USUAL: f64 = 42.0;
/// A picture narrower than this is stretched.
const WIDTH_WANTED: f64 = 1_050.0;
/// Width of a character of the boxes' labels.
const CHARACTER: f64 = 7.3;
/// Longest label within a box, in characters.
const LABEL_LIMIT: usize = 28;
/// A witness is small; a picture of more than these operations would not be looked at.
const OPERATIONS_LIMIT: usize = 40;

/// Draws the operations, which are in order of their begins.
pub(super) fn picture(view: &View, played: &[&Played]) -> Markup {
    let played = &played[..played.len().min(OPERATIONS_LIMIT)];
    let axis = Axis::new(played);
    let mut processes: Vec<u32> = played.iter().map(|played| played.process).collect();
    processes.sort_unstable();
    processes.dedup();
    let (first_ns, last_ns) = (axis.points[0].0, axis.points[axis.points.len() - 1].0);
    let faults: Vec<&FaultRecord> = view
        .contents
        .faults
        .iter()
        .filter(|fault| fault.overlaps(first_ns, last_ns))
        .collect();
    let top = 22.0 * faults.len() as f64 + 8.0;
    let bottom = top + LANE_HEIGHT * processes.len() as f64;
    let (width, height) = (axis.width + RIGHT, bottom + 42.0);
    html! {
        div.scroll {
            svg.lanes viewBox=(format!("0 0 {width:.0} {height:.0}")) width=(format!("{width:.0}")) height=(format!("{height:.0}")) role="img"
                aria-label="The operations of the counterexample as lanes, one for each process" {
                @for (row, fault) in faults.iter().enumerate() { (band(fault, row, &axis, bottom)) }
                @for (lane, process) in processes.iter().enumerate() {
                    @let y = top + LANE_HEIGHT * (lane as f64 + 0.5);
                    text.lane x="0" y=(format!("{:.1}", y + 4.0)) { "process " (process) }
                    line.lane x1=(LEFT - 8.0) x2=(format!("{:.1}", axis.width + RIGHT)) y1=(y) y2=(y) {}
                }
                @for played in played {
                    @let lane = processes.binary_search(&played.process).unwrap_or(0);
                    (operation(played, &axis, top + LANE_HEIGHT * (lane as f64 + 0.5)))
                }
                (times(&axis, bottom))
            }
        }
        p.legend {
            "Time runs to the right; order and overlap are exact, distances are shortened. "
            "A box reaches from the request to its answer; an open end means that nobody knows whether it happened."
        }
    }
}

/// Every begin and end, and its place.
struct Axis {
    points: Vec<(u64, f64)>,
    width: f64,
}

impl Axis {
    /// Spreads a narrow picture over the page.
    fn new(played: &[&Played]) -> Self {
        let narrow = Self::stretched(played, 1.0);
        let gaps = narrow.points.len().saturating_sub(1) as f64;
        if narrow.width >= WIDTH_WANTED || gaps < 1.0 {
            return narrow;
        }
        let missing = WIDTH_WANTED - narrow.width;
        Self::stretched(played, 1.0 + missing / (gaps * GAP_USUAL))
    }

    fn stretched(played: &[&Played], stretch: f64) -> Self {
        let mut times: Vec<u64> = played
            .iter()
            .flat_map(|played| [Some(played.start_ns), played.end_ns])
            .flatten()
            .collect();
        times.sort_unstable();
        times.dedup();
        let mut points: Vec<(u64, f64)> = Vec::with_capacity(times.len());
        let begin = |points: &[(u64, f64)], played: &Played| {
            points
                .iter()
                .find(|(at, _)| *at == played.start_ns)
                .map_or(LEFT, |(_, place)| *place)
        };
        for time in times {
            let Some((before_ns, before)) = points.last().copied() else {
                points.push((time, LEFT + 14.0));
                continue;
            };
            let gap_ms = (time - before_ns) as f64 / 1e6;
            let mut place = before + (GAP_LEAST + GAP_DECADE * (1.0 + gap_ms).log10()) * stretch;
            for played in played.iter().filter(|played| played.end_ns == Some(time)) {
                place = place.max(begin(&points, played) + label_width(played));
            }
            points.push((time, place));
        }
        let last = points.last().map_or(LEFT, |(_, place)| *place);
        let open = played.iter().filter(|played| played.end_ns.is_none());
        let width = open.fold(last, |width, played| {
            width.max(begin(&points, played) + label_width(played))
        });
        Self {
            points,
            width: width + 24.0,
        }
    }

    /// A time's place; between two known times in proportion, outside of them at the border.
    fn place(&self, time_ns: u64) -> f64 {
        let next = self.points.partition_point(|(at, _)| *at < time_ns);
        match (
            next.checked_sub(1).map(|before| self.points[before]),
            self.points.get(next),
        ) {
            (_, Some((at, place))) if *at == time_ns => *place,
            (Some((from, left)), Some((to, right))) => {
                left + (right - left) * (time_ns - from) as f64 / (to - from) as f64
            }
            (None, _) => LEFT - 8.0,
            (_, None) => self.width + RIGHT,
        }
    }
}

fn label_width(played: &Played) -> f64 {
    let longest = label(&played.request)
        .chars()
        .count()
        .max(label(&played.result).chars().count());
    (longest as f64 * CHARACTER + 18.0).max(56.0)
}

fn label(text: &str) -> String {
    cut(text, LABEL_LIMIT)
}

fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(limit - 1).collect();
    cut.push('…');
    cut
}

fn operation(played: &Played, axis: &Axis, middle: f64) -> Markup {
    let left = axis.place(played.start_ns);
    // An unknown operation may still happen later: its box is open to the right.
    let open = played.outcome == Outcome::Info;
    let right = played.end_ns.map_or(axis.width, |end_ns| axis.place(end_ns));
    let (y, height) = (middle - BOX_HEIGHT / 2.0, BOX_HEIGHT);
    let outline = if open {
        format!(
            "M{right:.1} {y:.1}H{l:.1}a4 4 0 0 0-4 4v{v:.1}a4 4 0 0 0 4 4H{right:.1}l12 {h:.1}z",
            l = left + 4.0,
            v = height - 8.0,
            h = -height / 2.0
        )
    } else {
        format!(
            "M{l:.1} {y:.1}H{r:.1}a4 4 0 0 1 4 4v{v:.1}a4 4 0 0 1-4 4H{l:.1}a4 4 0 0 1-4-4v-{v:.1}a4 4 0 0 1 4-4z",
            l = left + 4.0,
            r = right - 4.0,
            v = height - 8.0
        )
    };
    html! {
        a.box.(played.outcome.word()) href={ "#op-" (played.number) } {
            title { "#" (played.number) " process " (played.process) ": " (played.request) " → " (visible(&played.result, 200)) }
            path.back d=(outline) {}
            path d=(outline) {}
            text x=(format!("{:.1}", left + 8.0)) y=(format!("{:.1}", middle - 3.5)) { (label(&played.request)) }
            text.result x=(format!("{:.1}", left + 8.0)) y=(format!("{:.1}", middle + 12.5)) { (result_mark(played)) (label(&played.result)) }
        }
    }
}

fn result_mark(played: &Played) -> &'static str {
    match played.outcome {
        Outcome::Ok => "",
        Outcome::Info => "? ",
        Outcome::Fail => "✕ ",
    }
}

fn band(fault: &FaultRecord, row: usize, axis: &Axis, bottom: f64) -> Markup {
    let left = fault.applied_ns.map_or(LEFT, |at| axis.place(at));
    let right = fault.healed_ns.map_or(axis.width + RIGHT, |at| axis.place(at));
    let y = 22.0 * row as f64;
    // A word or two stay readable beside a narrow band.
    let fitting = ((right - left.max(LEFT)) / 6.3).max(24.0) as usize;
    html! {
        a.band data-family=(family(fault.kind())) href={ "#fault-" (fault.index) } {
            title { (visible(&fault.words, 300)) }
            rect.area x=(format!("{left:.1}")) y=(y) width=(format!("{:.1}", (right - left).max(3.0))) height=(format!("{:.1}", bottom - y)) {}
            rect.label x=(format!("{left:.1}")) y=(y) width=(format!("{:.1}", (right - left).max(3.0))) height="18" rx="3" {}
            text x=(format!("{:.1}", left.max(LEFT - 8.0) + 7.0)) y=(y + 13.0) { (cut(&visible(&fault.words, 300), fitting)) }
        }
    }
}

/// First and last time, and each gap that is worth a number.
fn times(axis: &Axis, bottom: f64) -> Markup {
    let y = bottom + 16.0;
    let gaps = axis.points.windows(2).filter(|pair| pair[1].1 - pair[0].1 > 64.0);
    let (first, last) = (axis.points[0], axis.points[axis.points.len() - 1]);
    html! {
        g.times {
            line x1=(LEFT - 8.0) x2=(format!("{:.1}", axis.width + RIGHT)) y1=(bottom) y2=(bottom) {}
            @for (_, place) in &axis.points { line x1=(format!("{place:.1}")) x2=(format!("{place:.1}")) y1=(bottom) y2=(bottom + 5.0) {} }
            @for pair in gaps {
                text.gap x=(format!("{:.1}", f64::midpoint(pair[0].1, pair[1].1))) y=(y) { "+" (duration(pair[1].0 - pair[0].0)) }
            }
            text x=(format!("{:.1}", first.1)) y=(y + 18.0) { (moment(first.0)) }
            @if axis.points.len() > 1 { text.end x=(format!("{:.1}", last.1.max(first.1 + 90.0))) y=(y + 18.0) { (moment(last.0)) } }
        }
    }
}
