//! The peer that most people use, as a baseline: Wing & Gong's search with Lowe's cache, as Porcupine does it.
//!
//! Source: Lowe, "Testing for linearizability", 2017; Horn & Kroening, "Faster linearizability checking via
//! P-compositionality", 2015. Written for this comparison from the papers: one bit per operation in every cached
//! configuration, crashed operations return at the end with an unknown result.

use std::time::Duration;

use super::meter::cpu_seconds;
use crate::{
    checks::linearizable::{FastSet, Model, Timed},
    history::Op,
};

/// How the baseline ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Decided(bool),
    /// It ran out of time or memory.
    GaveUp,
}

const NONE: usize = usize::MAX;

/// Judges one key within `time` of CPU.
pub(crate) fn wgl<M: Model>(
    model: &M,
    ops: &[Timed<M::Effect>],
    time: Duration,
    memory_bytes: usize,
) -> Ended {
    let start = cpu_seconds();
    let mut list = List::of(ops);
    let mut linearized = vec![0u64; ops.len().div_ceil(64)];
    let mut seen: FastSet<(Box<[u64]>, M::State)> = FastSet::default();
    let entry_bytes = linearized.len() * 8 + 48;
    let mut stack: Vec<(usize, M::State)> = Vec::new();
    let mut state = model.initial();
    let mut at = list.next[list.head()];
    let mut steps = 0u32;
    while list.next[list.head()] != NONE {
        steps += 1;
        if steps.is_multiple_of(1024)
            && (cpu_seconds() - start > time.as_secs_f64() || seen.len() * entry_bytes > memory_bytes)
        {
            return Ended::GaveUp;
        }
        let (op, is_call) = list.entry(at);
        if is_call {
            let crashed = ops[op].returned == Op::NEVER;
            // A crashed one whose result is not known is possible in every state.
            let after = model.step(state, ops[op].effect).or(crashed.then_some(state));
            if let Some(after) = after {
                linearized[op / 64] |= 1 << (op % 64);
                if seen.insert((linearized.clone().into(), after)) {
                    stack.push((at, state));
                    state = after;
                    list.lift(at);
                    at = list.next[list.head()];
                    continue;
                }
                linearized[op / 64] &= !(1 << (op % 64));
            }
            at = list.next[at];
        } else {
            let Some((call, before)) = stack.pop() else {
                return Ended::Decided(false);
            };
            state = before;
            let (op, _) = list.entry(call);
            linearized[op / 64] &= !(1 << (op % 64));
            list.unlift(call);
            at = list.next[call];
        }
    }
    Ended::Decided(true)
}

/// Calls and returns by place, as a list from which pairs are lifted.
struct List {
    /// Entry to operation.
    op: Vec<usize>,
    is_call: Vec<bool>,
    /// Call entry to its return entry.
    matching: Vec<usize>,
    next: Vec<usize>,
    previous: Vec<usize>,
}

impl List {
    fn of<E>(ops: &[Timed<E>]) -> Self {
        let mut places: Vec<(u32, bool, usize)> = Vec::with_capacity(ops.len() * 2);
        for (at, op) in ops.iter().enumerate() {
            places.push((op.call, false, at));
            places.push((op.returned, true, at));
        }
        places.sort_unstable();
        let count = places.len();
        let mut returns = vec![NONE; ops.len()];
        for (entry, (_, is_return, at)) in places.iter().enumerate() {
            if *is_return {
                returns[*at] = entry;
            }
        }
        let matching = places
            .iter()
            .map(|(_, is_return, at)| if *is_return { NONE } else { returns[*at] })
            .collect();
        let mut next: Vec<usize> = (1..=count).collect();
        if let Some(last) = next.last_mut() {
            *last = NONE;
        }
        // The head comes last.
        next.push(if count == 0 { NONE } else { 0 });
        let mut previous: Vec<usize> = (0..count)
            .map(|entry| entry.checked_sub(1).unwrap_or(count))
            .collect();
        previous.push(NONE);
        Self {
            op: places.iter().map(|(_, _, at)| *at).collect(),
            is_call: places.iter().map(|(_, is_return, _)| !is_return).collect(),
            matching,
            next,
            previous,
        }
    }

    const fn head(&self) -> usize {
        self.next.len() - 1
    }

    fn entry(&self, entry: usize) -> (usize, bool) {
        (self.op[entry], self.is_call[entry])
    }

    fn lift(&mut self, call: usize) {
        self.unlink(call);
        self.unlink(self.matching[call]);
    }

    fn unlift(&mut self, call: usize) {
        self.link(self.matching[call]);
        self.link(call);
    }

    fn unlink(&mut self, entry: usize) {
        let (previous, next) = (self.previous[entry], self.next[entry]);
        self.next[previous] = next;
        if next != NONE {
            self.previous[next] = previous;
        }
    }

    fn link(&mut self, entry: usize) {
        let (previous, next) = (self.previous[entry], self.next[entry]);
        self.next[previous] = entry;
        if next != NONE {
            self.previous[next] = entry;
        }
    }
}
