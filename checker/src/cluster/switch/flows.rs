//! The connections that pass the switch: known so that they can be broken, whole or at one end.

use std::{collections::BTreeMap, net::SocketAddrV4};

use super::packet::{Segment, reset};

/// Connections remembered at once; the table is emptied of ended ones as they end.
const FLOWS_MAX: usize = 16_384;

/// A connection, by its ends in their order.
type Pair = (SocketAddrV4, SocketAddrV4);

/// Every connection that was opened and has not ended.
#[derive(Debug, Default)]
pub(super) struct Flows(BTreeMap<Pair, Flow>);

/// What is known of one.
#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    /// What each end has received so far, by its last word: where a reset must aim.
    received: [Option<u32>; 2],
    ended: [bool; 2],
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    /// Both ends are told that it is over, as often as they ask.
    Broken,
    /// This end has been told, the other one has not.
    Half(usize),
}

/// What becomes of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes its way.
    Pass,
    /// Nobody hears of it.
    Swallowed,
    /// Its sender gets this in return.
    Answered(Vec<u8>),
}

impl Flows {
    /// Learns from a segment, and says what becomes of it.
    pub(super) fn take(&mut self, segment: &Segment) -> Fate {
        let (pair, end) = place(segment);
        if segment.opens {
            if self.0.len() >= FLOWS_MAX {
                self.0.pop_first();
            }
            self.0.insert(pair, Flow::default());
            return Fate::Pass;
        }
        let Some(flow) = self.0.get_mut(&pair) else {
            return Fate::Pass;
        };
        if let Some(acknowledged) = segment.acknowledged {
            flow.received[end] = Some(acknowledged);
        }
        match flow.state {
            State::Open => {}
            State::Half(_) => return Fate::Swallowed,
            State::Broken => {
                return match segment.acknowledged {
                    Some(expected) if !segment.resets => {
                        Fate::Answered(reset(segment.to, segment.from, expected))
                    }
                    _ => Fate::Swallowed,
                };
            }
        }
        flow.ended[end] |= segment.ends;
        if segment.resets || flow.ended == [true, true] {
            self.0.remove(&pair);
        }
        Fate::Pass
    }

    /// Breaks those that `belongs` names; gives how many, and the segments that tell their ends.
    pub(super) fn break_all(&mut self, belongs: impl Fn(Pair) -> bool) -> (u64, Vec<Vec<u8>>) {
        let mut told = Vec::new();
        let mut broken = 0;
        for (pair, flow) in self.0.iter_mut().filter(|(pair, _)| belongs(**pair)) {
            let already = match flow.state {
                State::Open => None,
                State::Half(end) => Some(end),
                State::Broken => continue,
            };
            flow.state = State::Broken;
            broken += 1;
            told.extend(
                (0..2)
                    .filter(|end| Some(*end) != already)
                    .filter_map(|end| flow.farewell(*pair, end)),
            );
        }
        (broken, told)
    }

    /// Takes from those that `belongs` names the end for which it says true.
    pub(super) fn halve_all(&mut self, belongs: impl Fn(Pair) -> Option<usize>) -> (u64, Vec<Vec<u8>>) {
        let mut told = Vec::new();
        let mut halved = 0;
        for (pair, flow) in &mut self.0 {
            if let (Some(end), State::Open) = (belongs(*pair), flow.state) {
                flow.state = State::Half(end);
                halved += 1;
                told.extend(flow.farewell(*pair, end));
            }
        }
        (halved, told)
    }

    /// Breaks what is left of those whose end `belongs` names was taken.
    pub(super) fn break_halves(&mut self, belongs: impl Fn(Pair) -> Option<usize>) -> (u64, Vec<Vec<u8>>) {
        let is_half =
            |pair: Pair, flow: &Flow| belongs(pair).is_some_and(|end| flow.state == State::Half(end));
        let halves: Vec<Pair> = (self.0.iter())
            .filter(|(pair, flow)| is_half(**pair, flow))
            .map(|(pair, _)| *pair)
            .collect();
        self.break_all(|pair| halves.contains(&pair))
    }
}

impl Flow {
    /// What tells that end that the connection is over, if it has said where it stands.
    fn farewell(&self, pair: Pair, end: usize) -> Option<Vec<u8>> {
        let (from, to) = if end == 0 { (pair.1, pair.0) } else { pair };
        Some(reset(from, to, self.received[end]?))
    }
}

/// The connection of a segment, and at which of its ends the sender is.
fn place(segment: &Segment) -> (Pair, usize) {
    if segment.from < segment.to {
        ((segment.from, segment.to), 0)
    } else {
        ((segment.to, segment.from), 1)
    }
}
