//! From a refuted key to the few operations that refute it.
//!
//! To *weaken* an operation is to forget what makes it demand something: an observation is dropped, a mutation
//! becomes one that may have happened at any time since before the beginning, or never. Weakening only ever
//! adds explanations, so a set of operations that still has none after all others were weakened is a proof by
//! itself. The result is such a set from which no operation can be weakened any more (delta debugging, Zeller &
//! Hildebrandt 2002), unless the budget ended first.

use std::time::Duration;

use super::{
    model::{Model, Role, Timed},
    search::{Outcome, search},
};
use crate::{checks::budget::Meter, history::Op};

/// Time of one attempt, as a share of what is left: an attempt that is too hard keeps its operations.
const ATTEMPT_PERCENT: u32 = 10;
/// And at most this.
const ATTEMPT_MOST: Duration = Duration::from_millis(50);
/// Share of the remaining time of the check that the witness of one key may cost.
const SHRINK_PERCENT: u32 = 25;
/// And at most this.
const SHRINK_MOST: Duration = Duration::from_secs(1);

/// How many of the last returns are tried first together with the writers of what is needed.
const HEAD_START: usize = 4;

/// So few are left out one by one at once: halves of them are needed nearly always.
const ONE_BY_ONE: usize = 8;

/// A refutation within a refuted key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Witness {
    /// The operation whose return no order reaches.
    pub(crate) target: u32,
    /// Positions in the given slice, by call.
    pub(crate) operations: Vec<u32>,
    /// Whether it was shown that none can be left out.
    pub(crate) smallest: bool,
}

/// Shrinks: `target` is the operation whose return the search did not reach (see [`super::search::Stuck`]).
pub(crate) fn shrink<M: Model>(model: &M, ops: &[Timed<M::Effect>], target: u32, meter: &Meter) -> Witness {
    let meter = &meter.part(SHRINK_PERCENT, SHRINK_MOST);
    let target = if M::PRUNES {
        unreachable_return(model, ops, target, meter)
    } else {
        target
    };
    let end = ops[target as usize].returned;
    let mut attempts = Attempts {
        model,
        ops: cut(ops, end),
        meter,
        gave_up: false,
    };
    let is_observation = |position: &u32| model.role(ops[*position as usize].effect) == Role::Observation;
    let kept = attempts.head_start(target);
    let kept = kept.unwrap_or_else(|| (0u32..).zip(ops).map(|(position, _)| position).collect());
    let (mut observations, mut mutations): (Vec<u32>, Vec<u32>) = kept.into_iter().partition(is_observation);
    // Fewer observations make every later attempt easier; fewer mutations add tokens and make it harder.
    observations.retain(|position| attempts.ops[*position as usize].returned != Op::NEVER);
    attempts.reduce_both(&mut observations, &mut mutations);
    // Among those that are left later returns count again: a write that is there because it was called only after the
    // end may demand more when it returns than others that are there.
    let mut left = observations.iter().chain(&mutations);
    if left.any(|position| ops[*position as usize].returned != attempts.ops[*position as usize].returned) {
        attempts.ops = ops.to_vec();
        attempts.reduce_both(&mut observations, &mut mutations);
    }
    let mut operations = [observations, mutations].concat();
    operations.sort_unstable_by_key(|position| ops[*position as usize].call);
    Witness {
        target,
        operations,
        smallest: !attempts.gave_up,
    }
}

/// The first return that no order reaches, from that of `from` on. A search that looks ahead turns back before: what it
/// did not get past is where it saw that a later observation can't be explained.
fn unreachable_return<M: Model>(model: &M, ops: &[Timed<M::Effect>], from: u32, meter: &Meter) -> u32 {
    let begin = ops[from as usize].returned;
    let mut by_return: Vec<(u32, u32)> = Vec::new();
    for (position, op) in (0u32..).zip(ops) {
        if op.returned >= begin && op.returned != Op::NEVER {
            by_return.push((op.returned, position));
        }
    }
    by_return.sort_unstable();
    // All together are refuted; fewer returns demand less.
    let is_reached = |(end, _): &(u32, u32)| {
        let attempt = meter.part(ATTEMPT_PERCENT, ATTEMPT_MOST);
        !matches!(search(model, &cut(ops, *end), &attempt), Outcome::Violated(_))
    };
    let all_but_last = by_return.len().saturating_sub(1);
    let reached = by_return[..all_but_last].partition_point(is_reached);
    by_return.get(reached).map_or(from, |(_, position)| *position)
}

/// What was known at place `end`: later returns are unknown. Later calls stay: that a write was called only
/// then can be a part of the proof.
fn cut<E: Copy>(ops: &[Timed<E>], end: u32) -> Vec<Timed<E>> {
    let at_end = |op: &Timed<E>| if op.returned > end { Op::NEVER } else { op.returned };
    ops.iter()
        .map(|op| Timed {
            returned: at_end(op),
            ..*op
        })
        .collect()
}

struct Attempts<'a, M: Model> {
    model: &'a M,
    ops: Vec<Timed<M::Effect>>,
    meter: &'a Meter,
    gave_up: bool,
}

impl<M: Model> Attempts<'_, M> {
    /// Most violations are about one value and what happened just before: whoever left the value that `target` needs, and
    /// the last few that returned up to it, refute often. More of these are tried, twice as many each time, as long as
    /// they are few: a handful of searches instead of one for each half, quarter and eighth of everything.
    fn head_start(&mut self, target: u32) -> Option<Vec<u32>> {
        let end = self.ops[target as usize].returned;
        let wanted = self.model.wanted(self.ops[target as usize].effect)?;
        let leaves = |effect: M::Effect| {
            let before = self.model.wanted(effect).unwrap_or_else(|| self.model.initial());
            self.model.step(before, effect) == Some(wanted)
        };
        let is_writer = |position: &u32| {
            let effect = self.ops[*position as usize].effect;
            self.model.role(effect) != Role::Observation && leaves(effect)
        };
        let all = (0u32..).zip(&self.ops).map(|(position, _)| position);
        let (writers, mut by_return): (Vec<u32>, Vec<u32>) = all.partition(is_writer);
        by_return.retain(|position| self.ops[*position as usize].returned <= end);
        by_return.sort_unstable_by_key(|position| std::cmp::Reverse(self.ops[*position as usize].returned));
        let gave_up = self.gave_up;
        let mut count = HEAD_START;
        let mut found = None;
        while found.is_none() && count <= by_return.len() / 2 {
            let kept = [&by_return[..count], &writers].concat();
            found = self.refutes(&kept, &[]).then_some(kept);
            count *= 2;
        }
        // What was tried in vain says nothing of what is left out later.
        self.gave_up = gave_up;
        found
    }

    /// Until nothing more can be weakened. What was needed once stays needed when others are weakened, as that only adds
    /// explanations: so each is asked once, unless an attempt was too hard and may be easier with the fewer that are left.
    fn reduce_both(&mut self, observations: &mut Vec<u32>, mutations: &mut Vec<u32>) {
        loop {
            let before = observations.len() + mutations.len();
            let gave_up = std::mem::take(&mut self.gave_up);
            *observations = self.reduce(observations, mutations);
            *mutations = self.reduce(mutations, observations);
            let again = self.gave_up && observations.len() + mutations.len() < before;
            self.gave_up |= gave_up;
            if !again {
                break;
            }
        }
    }

    /// Weakens as many of `list` as possible while the rest, together with `others`, still refutes.
    fn reduce(&mut self, list: &[u32], others: &[u32]) -> Vec<u32> {
        let mut kept = list.to_vec();
        let mut chunk = if kept.len() <= ONE_BY_ONE {
            1
        } else {
            kept.len().div_ceil(2)
        };
        loop {
            let mut begin = 0;
            while begin < kept.len() {
                let end = (begin + chunk).min(kept.len());
                let rest = [&kept[..begin], &kept[end..]].concat();
                if self.refutes(&rest, others) {
                    kept = rest;
                } else {
                    begin = end;
                }
            }
            if chunk == 1 {
                return kept;
            }
            chunk = chunk.div_ceil(2);
        }
    }

    fn refutes(&mut self, some: &[u32], others: &[u32]) -> bool {
        if self.meter.check(0).is_err() {
            self.gave_up = true;
            return false;
        }
        let weakened = weaken_all_but(self.model, &self.ops, &[some, others].concat());
        match search(
            self.model,
            &weakened,
            &self.meter.part(ATTEMPT_PERCENT, ATTEMPT_MOST),
        ) {
            Outcome::Violated(_) => true,
            Outcome::Linearizable => false,
            Outcome::Unknown(_) => {
                self.gave_up = true;
                false
            }
        }
    }
}

/// The operations with all but `kept` weakened.
pub(crate) fn weaken_all_but<M: Model>(
    model: &M,
    ops: &[Timed<M::Effect>],
    kept: &[u32],
) -> Vec<Timed<M::Effect>> {
    let mut strong = vec![false; ops.len()];
    for position in kept {
        strong[*position as usize] = true;
    }
    ops.iter()
        .zip(strong)
        .filter(|(op, strong)| *strong || model.role(op.effect) != Role::Observation)
        .map(|(op, strong)| {
            if strong {
                *op
            } else {
                Timed {
                    call: 0,
                    returned: Op::NEVER,
                    ..*op
                }
            }
        })
        .collect()
}
