//! Invocations joined with their completions: what charts and tables show.

use std::collections::{BTreeMap, HashMap};

use super::{
    describe::{self, Shown},
    text::{TEXT_LIMIT, visible},
};
use crate::history::{Event, Phase};

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Outcome {
    /// It happened.
    Ok = 0,
    /// Nobody knows; an operation without a completion is this too.
    Info = 1,
    /// It certainly did not happen.
    Fail = 2,
}

impl Outcome {
    /// The field's word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Fail => "fail",
        }
    }
}

/// One operation, from invocation to completion.
#[derive(Clone, Debug)]
pub(crate) struct Played {
    /// Its number in the run.
    pub(crate) number: u64,
    /// Who asked.
    pub(crate) process: u32,
    /// When it was asked.
    pub(crate) start_ns: u64,
    /// When it ended; `None` when the run ended first.
    pub(crate) end_ns: Option<u64>,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// The key that it is about.
    pub(crate) key: Option<u32>,
    /// What was asked, in short.
    pub(crate) request: String,
    /// What was seen, or the error.
    pub(crate) result: String,
    /// Which member answered.
    pub(crate) member: Option<u8>,
    /// Part of the quiet final phase.
    pub(crate) last: bool,
}

/// All operations of a history, by time of invocation. A completion without its invocation (a torn file) is
/// left out.
pub(crate) fn join(history: &[Event]) -> Vec<Played> {
    let mut operations: Vec<Played> = Vec::with_capacity(history.len() / 2);
    // Only looked up by number, never walked: the order of a hash map cannot show.
    let mut open: HashMap<u64, usize> = HashMap::new();
    for event in history {
        match &event.phase {
            Phase::Invoke { request, last } => {
                let (key, request) = describe::request(request);
                open.insert(event.operation, operations.len());
                operations.push(Played {
                    number: event.operation,
                    process: event.process,
                    start_ns: event.time_ns,
                    end_ns: None,
                    outcome: Outcome::Info,
                    key,
                    request,
                    result: "never answered".to_owned(),
                    member: None,
                    last: *last,
                });
            }
            completion => {
                let Some(place) = open.remove(&event.operation) else {
                    continue;
                };
                let operation = &mut operations[place];
                operation.end_ns = Some(event.time_ns.max(operation.start_ns));
                match completion {
                    Phase::Ok { observed, member } => {
                        operation.outcome = Outcome::Ok;
                        operation.result = describe::observed(observed, Shown::FEW);
                        operation.member = *member;
                    }
                    Phase::Fail { error } => {
                        operation.outcome = Outcome::Fail;
                        operation.result = visible(error, TEXT_LIMIT);
                    }
                    Phase::Info { error } => operation.result = visible(error, TEXT_LIMIT),
                    Phase::Invoke { .. } => {}
                }
            }
        }
    }
    operations.sort_by_key(|operation| (operation.start_ns, operation.number));
    operations
}

/// Where each process is drawn. A process that ended in `info` is retired and its successor has a new number;
/// the successor takes the lane that became free, so that there are as many lanes as clients.
pub(crate) fn lanes(operations: &[Played]) -> BTreeMap<u32, u32> {
    let mut spans: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for operation in operations {
        let end_ns = operation.end_ns.unwrap_or(operation.start_ns);
        let span = spans
            .entry(operation.process)
            .or_insert((operation.start_ns, end_ns));
        span.1 = span.1.max(end_ns);
    }
    let mut order: Vec<(u32, (u64, u64))> = spans.into_iter().collect();
    order.sort_by_key(|(process, (start_ns, _))| (*start_ns, *process));
    let mut free_from: Vec<u64> = Vec::new();
    let mut lanes = BTreeMap::new();
    for (process, (start_ns, end_ns)) in order {
        let lane = free_from
            .iter()
            .position(|free| *free <= start_ns)
            .unwrap_or_else(|| {
                free_from.push(0);
                free_from.len() - 1
            });
        free_from[lane] = end_ns;
        lanes.insert(process, u32::try_from(lane).unwrap_or(u32::MAX));
    }
    lanes
}

/// When operations ended `ok`, ascending.
pub(crate) fn answers(operations: &[Played]) -> Vec<u64> {
    let ok = operations
        .iter()
        .filter(|operation| operation.outcome == Outcome::Ok);
    let mut ends: Vec<u64> = ok.filter_map(|operation| operation.end_ns).collect();
    ends.sort_unstable();
    ends
}

/// The longest time between two neighbouring answers that reaches into the given time, and when it began.
pub(crate) fn longest_silence(answers: &[u64], from_ns: u64, to_ns: u64) -> Option<(u64, u64)> {
    let first = answers.partition_point(|at| *at < from_ns).saturating_sub(1);
    let near = answers[first..].windows(2).take_while(|pair| pair[0] <= to_ns);
    near.map(|pair| (pair[1] - pair[0], pair[0]))
        .max_by_key(|(length, _)| *length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(process: u32, start_ns: u64, end_ns: u64) -> Played {
        Played {
            number: start_ns,
            process,
            start_ns,
            end_ns: Some(end_ns),
            outcome: Outcome::Ok,
            key: None,
            request: String::new(),
            result: String::new(),
            member: None,
            last: false,
        }
    }

    #[test]
    fn successors_take_the_lane_of_the_retired() {
        let operations = [
            played(0, 0, 10),
            played(1, 1, 9),
            played(7, 10, 20),
            played(8, 11, 20),
            played(9, 12, 13),
        ];
        let lanes = lanes(&operations);
        assert_eq!(lanes, BTreeMap::from([(0, 0), (1, 1), (7, 0), (8, 1), (9, 2)]));
    }

    #[test]
    fn the_longest_silence_is_between_two_answers() {
        let answers = answers(&[
            played(0, 0, 5),
            played(0, 6, 50),
            played(1, 7, 8),
            played(1, 55, 60),
        ]);
        assert_eq!(answers, [5, 8, 50, 60]);
        assert_eq!(longest_silence(&answers, 0, u64::MAX), Some((42, 8)));
        assert_eq!(
            longest_silence(&answers, 20, 30),
            Some((42, 8)),
            "the silence holds the whole time"
        );
        assert_eq!(longest_silence(&answers, 51, 99), Some((10, 50)));
        assert_eq!(longest_silence(&answers, 70, 99), None);
        assert_eq!(longest_silence(&[], 0, 1), None);
    }
}
