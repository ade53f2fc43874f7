//! What the charts need besides the operations: faults, members, phases, anomalies. Times in microseconds, for
//! JavaScript's sake.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    family::family,
    text::{shown, visible},
    view::View,
};
use crate::record::{
    contents::RunContents,
    status::{OptimeRecord, ProcessState, StatusSample},
};

/// Most points of one line in a chart.
const POINTS_LIMIT: usize = 4_000;

/// Everything that the charts need besides the operations.
#[derive(Debug, Serialize)]
pub(crate) struct Timeline {
    end_us: u64,
    lanes: u32,
    weight: u64,
    faults: Vec<Band>,
    standstills: Vec<Standstill>,
    phases: Vec<Phase>,
    members: Vec<MemberTimeline>,
    anomalies: Vec<Mark>,
}

#[derive(Debug, Serialize)]
struct Band {
    index: u32,
    kind: String,
    family: &'static str,
    words: String,
    start_us: u64,
    end_us: u64,
    effect: bool,
    targets: Vec<u8>,
}

/// An anomaly's witness: from its first request to its last answer.
#[derive(Debug, Serialize)]
struct Mark {
    kind: String,
    start_us: u64,
    end_us: u64,
    operations: Vec<u64>,
}

#[derive(Debug, Serialize)]
struct Phase {
    name: String,
    start_us: u64,
    end_us: u64,
}

/// When the machine stood still.
#[derive(Debug, Serialize)]
struct Standstill {
    start_us: u64,
    end_us: u64,
}

/// One member's lane and lines.
#[derive(Debug, Serialize)]
struct MemberTimeline {
    name: String,
    segments: Vec<Segment>,
    lag: Vec<(u64, i64)>,
    commit_lag: Vec<(u64, i64)>,
    clock: Vec<(u64, i64)>,
}

/// A stretch of time in which a member's role, term and process did not change.
#[derive(Debug, PartialEq, Serialize)]
struct Segment {
    start_us: u64,
    end_us: u64,
    process: ProcessState,
    state: Option<String>,
    term: Option<i64>,
}

/// Takes the timeline out of a run.
pub(crate) fn timeline(view: &View, lanes: u32, weight: u64) -> Timeline {
    let (contents, end_ns) = (&view.contents, view.end_ns);
    let faults = contents.faults.iter().filter_map(|fault| {
        Some(Band {
            index: fault.index,
            kind: shown(fault.kind()),
            family: family(fault.kind()),
            words: shown(&fault.words),
            start_us: fault.applied_ns? / 1_000,
            end_us: fault.healed_ns.unwrap_or(end_ns) / 1_000,
            effect: fault.took_effect,
            targets: fault.targets(),
        })
    });
    let run = contents.run.as_ref();
    let phases = run.into_iter().flat_map(|run| &run.phases).map(|phase| Phase {
        name: shown(&phase.name),
        start_us: phase.start_ns / 1_000,
        end_us: phase.end_ns / 1_000,
    });
    let standstills = run.into_iter().flat_map(|run| &run.standstills);
    let standstills = standstills.map(|one| Standstill {
        start_us: one.from_ns / 1_000,
        end_us: one.until_ns / 1_000,
    });
    Timeline {
        end_us: end_ns / 1_000,
        lanes,
        weight,
        faults: faults.collect(),
        standstills: standstills.collect(),
        phases: phases.collect(),
        members: members(contents, end_ns),
        anomalies: view
            .anomalies()
            .filter_map(|(_, anomaly)| {
                let (start_ns, end_ns) = view.span(anomaly)?;
                let (start_us, end_us) = (start_ns / 1_000, end_ns / 1_000);
                Some(Mark {
                    kind: shown(&anomaly.kind),
                    start_us,
                    end_us,
                    operations: anomaly.operations.clone(),
                })
            })
            .collect(),
    }
}

fn members(contents: &RunContents, end_ns: u64) -> Vec<MemberTimeline> {
    let mut samples: BTreeMap<u8, Vec<&StatusSample>> = BTreeMap::new();
    for sample in &contents.status {
        samples.entry(sample.member).or_default().push(sample);
    }
    let name = |member: u8| {
        let records = contents.run.iter().flat_map(|run| &run.members);
        records
            .filter(|record| record.index == member)
            .map(|record| visible(&record.name, 40))
            .next()
    };
    let newest = Newest::new(&contents.status);
    let line = |(member, samples): (u8, Vec<&StatusSample>)| MemberTimeline {
        name: name(member).unwrap_or_else(|| format!("n{member}")),
        segments: segments(&samples, end_ns / 1_000),
        lag: thin(&samples, |sample| {
            Some(newest.age_ms(sample.applied?, sample.time_ns))
        }),
        commit_lag: thin(&samples, |sample| {
            Some(newest.age_ms(sample.commit?, sample.time_ns))
        }),
        clock: thin(&samples, |sample| Some(sample.clock_offset_ms)),
    };
    samples.into_iter().map(line).collect()
}

/// The newest OpTime that any member was seen with, over time.
///
/// A member's lag is measured with it: for how long there has been an entry beyond the member's own newest (or
/// beyond its commit point). Its resolution is the distance of the samples; it needs no count of entries,
/// which OpTimes of different seconds do not give.
struct Newest {
    steps: Vec<(OptimeRecord, u64)>,
}

impl Newest {
    fn new(samples: &[StatusSample]) -> Self {
        let mut steps: Vec<(OptimeRecord, u64)> = Vec::new();
        for sample in samples {
            if let Some(applied) = sample.applied
                && steps.last().is_none_or(|(newest, _)| *newest < applied)
            {
                steps.push((applied, sample.time_ns));
            }
        }
        Self { steps }
    }

    fn age_ms(&self, optime: OptimeRecord, now_ns: u64) -> i64 {
        let beyond = self.steps.partition_point(|(newest, _)| *newest <= optime);
        let since_ns = self.steps.get(beyond).map_or(now_ns, |(_, time_ns)| *time_ns);
        i64::try_from(now_ns.saturating_sub(since_ns) / 1_000_000).unwrap_or(i64::MAX)
    }
}

/// Joins neighbouring samples that say the same.
fn segments(samples: &[&StatusSample], end_us: u64) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for sample in samples {
        let start_us = sample.time_ns / 1_000;
        let state = sample.state.as_ref().map(|state| visible(state, 40));
        if let Some(before) = segments.last_mut() {
            before.end_us = start_us;
            let same = (before.process, &before.state, before.term) == (sample.process, &state, sample.term);
            if same {
                continue;
            }
        }
        let (process, term) = (sample.process, sample.term);
        segments.push(Segment {
            start_us,
            end_us: start_us,
            process,
            state,
            term,
        });
    }
    if let Some(last) = segments.last_mut() {
        last.end_us = end_us.max(last.end_us);
    }
    segments
}

/// A line's points, without those between two equal ones, and never more than the limit.
fn thin(samples: &[&StatusSample], value: impl Fn(&StatusSample) -> Option<i64>) -> Vec<(u64, i64)> {
    let points = samples
        .iter()
        .filter_map(|sample| Some((sample.time_ns / 1_000, value(sample)?)));
    let mut line: Vec<(u64, i64)> = Vec::new();
    for point in points {
        if let [.., first, second] = line[..]
            && first.1 == point.1
            && second.1 == point.1
        {
            line.pop();
        }
        line.push(point);
    }
    let step = line.len().div_ceil(POINTS_LIMIT).max(1);
    line.into_iter().step_by(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(time_ns: u64, state: &str, clock_offset_ms: i64) -> StatusSample {
        StatusSample {
            time_ns,
            member: 0,
            process: ProcessState::Up,
            state: Some(state.to_owned()),
            term: Some(1),
            commit: None,
            applied: None,
            clock_offset_ms,
        }
    }

    #[test]
    fn equal_neighbours_become_one_segment() {
        let samples = [
            sample(0, "PRIMARY", 0),
            sample(1_000, "PRIMARY", 0),
            sample(2_000, "SECONDARY", 0),
        ];
        let samples: Vec<&StatusSample> = samples.iter().collect();
        let segments = segments(&samples, 9);
        let spans: Vec<_> = segments.iter().map(|part| (part.start_us, part.end_us)).collect();
        assert_eq!(spans, [(0, 2), (2, 9)]);
    }

    #[test]
    fn lag_counts_from_the_first_newer_entry() {
        let at = |increment| OptimeRecord {
            term: 1,
            seconds: 1,
            increment,
        };
        let seen = |time_ns, increment| StatusSample {
            applied: Some(at(increment)),
            ..sample(time_ns, "PRIMARY", 0)
        };
        let newest = Newest::new(&[
            seen(0, 1),
            seen(10_000_000, 2),
            seen(20_000_000, 2),
            seen(30_000_000, 3),
        ]);
        assert_eq!(newest.age_ms(at(1), 30_000_000), 20);
        assert_eq!(newest.age_ms(at(2), 30_000_000), 0);
        assert_eq!(newest.age_ms(at(3), 90_000_000), 0);
    }

    #[test]
    fn flat_lines_keep_their_ends() {
        let offsets = [0, 0, 0, 0, 5, 5, 5, 0];
        let samples: Vec<StatusSample> = offsets
            .iter()
            .zip(0..)
            .map(|(offset, time)| sample(time * 1_000, "PRIMARY", *offset))
            .collect();
        let samples: Vec<&StatusSample> = samples.iter().collect();
        let line = thin(&samples, |sample| Some(sample.clock_offset_ms));
        assert_eq!(line, [(0, 0), (3, 0), (4, 5), (6, 5), (7, 0)]);
    }
}
