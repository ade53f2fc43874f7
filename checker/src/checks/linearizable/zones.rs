//! Registers whose values are written at most once each: exact in n log n, whatever the concurrency and
//! however many operations crashed.
//!
//! Source: Gibbons & Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997, section 4 (zones),
//! extended here to chains of compare-and-set.
//!
//! With unique values it is known which write each read saw. A successful compare-and-set from `e` must follow
//! the operations on `e` immediately, so values form *chains*: a plain write (or the initial value) and the
//! compare-and-sets after it, a forced order that nothing may interrupt. For a chain let `f` be its first
//! return and `s` its last call.
//!
//! - `f < s`: at `f` the chain had begun and at `s` it had not ended: it owns the whole *forward* zone `[f, s]`.
//! - `s < f`: all its operations overlap: it fits into one instant of the *backward* zone `[s, f]`.
//!
//! The register is linearizable iff (1) every value read was written, (2) no value is swapped away twice, (3) in
//! each chain no operation returns before one that must precede it is called, (4) forward zones are disjoint,
//! (5) no backward zone lies inside a forward zone. Why (4) and (5) suffice for chains: every operation of a chain
//! is called by `s` and returns after `f`, so points `max(f, calls of the groups before)` order the chain inside
//! its forward zone, or all at one instant inside its backward zone.
//!
//! A crashed write that nobody saw can be left out; one that was seen has no return, and costs nothing.

use super::problem::{Effect, RegisterOp, ValueId};
use crate::history::Op;

/// What the zones say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ZoneAnswer {
    /// Values are not unique (or a refused compare-and-set did not tell what it found): ask the search.
    NotApplicable,
    /// Proven.
    Linearizable,
    /// Refuted, by each of these alone; the first [`VIOLATIONS_MAX`].
    Violated(Vec<Violation>),
}

/// How many violations of one register are worked out.
pub(crate) const VIOLATIONS_MAX: usize = 4;

/// One contradiction. Operations are positions in the given slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// Saw a value that nothing wrote.
    Phantom { observer: u32 },
    /// Saw a value that only exists if it existed before (a ring of compare-and-sets).
    Ring { observer: u32 },
    /// Two compare-and-sets took effect on one value. `first` and `second` prove that each did.
    TwoSwaps { first: u32, second: u32 },
    /// `early` returned before `late` was called, yet it needs the effect of `late` or of what comes after it.
    Backwards { early: u32, late: u32 },
    /// The value of `holder` (two operations; one when it is the initial value) was held from the return of the
    /// one to the call of the other, and `intruder` (one or two operations) set another value in between.
    Interrupted { holder: Vec<u32>, intruder: Vec<u32> },
}

/// Judges one register. Values are numbered below `values`; 0 is the initial one.
pub(crate) fn zones(ops: &[RegisterOp], values: usize) -> ZoneAnswer {
    let Some(mut register) = Values::gather(ops, values) else {
        return ZoneAnswer::NotApplicable;
    };
    let mut violations = register.mark_needed();
    if violations.is_empty() {
        violations = register.link_chains();
    }
    if violations.is_empty() {
        let chains = register.walk_chains(&mut violations);
        if violations.is_empty() {
            violations = conflicts(ops, chains);
        }
    }
    if violations.is_empty() {
        ZoneAnswer::Linearizable
    } else {
        ZoneAnswer::Violated(violations)
    }
}

const NONE: u32 = u32::MAX;

/// What is known of one value.
#[derive(Clone, Copy)]
struct OfValue {
    writer: u32,
    /// The reader that returned first.
    first_reader: u32,
    /// The reader that was called last.
    last_reader: u32,
    /// A completed operation that proves that the value existed.
    evidence: u32,
    /// The compare-and-set that took this value away.
    successor: u32,
}

struct Values<'a> {
    ops: &'a [RegisterOp],
    values: Vec<OfValue>,
}

impl<'a> Values<'a> {
    /// `None` when some value has two writers, or an operation does not fit.
    fn gather(ops: &'a [RegisterOp], count: usize) -> Option<Self> {
        let empty = OfValue {
            writer: NONE,
            first_reader: NONE,
            last_reader: NONE,
            evidence: NONE,
            successor: NONE,
        };
        let mut values = vec![empty; count];
        for (position, op) in (0u32..).zip(ops) {
            match op.effect {
                Effect::Differs(_) => return None,
                Effect::Read(_) if op.returned == Op::NEVER => {}
                Effect::Read(value) => {
                    let value = &mut values[value as usize];
                    if value.first_reader == NONE || op.returned < ops[value.first_reader as usize].returned {
                        value.first_reader = position;
                    }
                    if value.last_reader == NONE || op.call > ops[value.last_reader as usize].call {
                        value.last_reader = position;
                    }
                }
                Effect::Write(value) | Effect::Cas(_, value) => {
                    if value == 0 || op.effect == Effect::Cas(value, value) {
                        return None;
                    }
                    let value = &mut values[value as usize];
                    if value.writer != NONE {
                        return None;
                    }
                    value.writer = position;
                }
            }
        }
        Some(Self { ops, values })
    }

    /// Marks every value that certainly existed, through chains of crashed compare-and-sets too.
    fn mark_needed(&mut self) -> Vec<Violation> {
        let mut violations = Vec::new();
        for position in 0..self.values.len() {
            let reader = self.values[position].first_reader;
            if reader != NONE {
                self.need(position as ValueId, reader, &mut violations);
            }
            let writer = self.values[position].writer;
            if writer != NONE
                && self.ops[writer as usize].returned != Op::NEVER
                && let Effect::Cas(expect, _) = self.ops[writer as usize].effect
            {
                self.need(expect, writer, &mut violations);
            }
        }
        violations.truncate(VIOLATIONS_MAX);
        violations
    }

    fn need(&mut self, mut value: ValueId, observer: u32, violations: &mut Vec<Violation>) {
        loop {
            let known = &mut self.values[value as usize];
            if known.evidence != NONE {
                return;
            }
            known.evidence = observer;
            if value == 0 {
                return;
            }
            if known.writer == NONE {
                violations.push(Violation::Phantom { observer });
                return;
            }
            let writer = self.ops[known.writer as usize];
            match writer.effect {
                // A completed one is visited on its own.
                Effect::Cas(expect, _) if writer.returned == Op::NEVER => value = expect,
                _ => return,
            }
        }
    }

    /// Whether the value took effect: its writer completed, or someone saw it.
    fn existed(&self, value: usize) -> bool {
        let known = &self.values[value];
        known.evidence != NONE
            || (known.writer != NONE && self.ops[known.writer as usize].returned != Op::NEVER)
    }

    /// A completed operation that proves that the value's writer took effect.
    fn proof(&self, value: usize) -> u32 {
        let known = &self.values[value];
        if self.ops[known.writer as usize].returned == Op::NEVER {
            known.evidence
        } else {
            known.writer
        }
    }

    fn link_chains(&mut self) -> Vec<Violation> {
        let mut violations = Vec::new();
        for value in 1..self.values.len() {
            let writer = self.values[value].writer;
            if writer == NONE || !self.existed(value) {
                continue;
            }
            if let Effect::Cas(expect, _) = self.ops[writer as usize].effect {
                let other = self.values[expect as usize].successor;
                if other == NONE {
                    self.values[expect as usize].successor = writer;
                } else if violations.len() < VIOLATIONS_MAX {
                    let other = produced(self.ops[other as usize].effect);
                    let (first, second) = (self.proof(other as usize), self.proof(value));
                    violations.push(Violation::TwoSwaps { first, second });
                }
            }
        }
        violations
    }

    /// Walks each chain from its root; finds wrong orders inside chains and rings, gives the zones.
    fn walk_chains(&self, violations: &mut Vec<Violation>) -> Vec<Zone> {
        let mut zones = Vec::new();
        let mut walked = vec![false; self.values.len()];
        for root in 0..self.values.len() {
            let writer = self.values[root].writer;
            let is_root = root == 0
                || (writer != NONE
                    && matches!(self.ops[writer as usize].effect, Effect::Write(_))
                    && self.existed(root));
            if is_root && let Some(zone) = self.walk(root, &mut walked, violations) {
                zones.push(zone);
            }
        }
        for (value, walked) in walked.iter().enumerate() {
            if violations.len() >= VIOLATIONS_MAX {
                break;
            }
            if !walked && self.values[value].writer != NONE && self.existed(value) {
                violations.push(Violation::Ring {
                    observer: self.proof(value),
                });
            }
        }
        zones
    }

    fn walk(&self, root: usize, walked: &mut [bool], violations: &mut Vec<Violation>) -> Option<Zone> {
        let mut zone = Zone {
            begin: NONE,
            first_return: Op::NEVER,
            end: NONE,
            last_call: 0,
            proof: NONE,
        };
        // Whether `begin` saw what `end` left, or came after it in the chain: it proves then that `end` happened.
        let mut begin_proves_end = false;
        if root == 0 {
            zone.first_return = 0;
        }
        let mut value = root;
        loop {
            walked[value] = true;
            let known = &self.values[value];
            // The writer first, then the value's readers in any order; each group after all before it.
            for (first, last) in [
                (known.writer, known.writer),
                (known.first_reader, known.last_reader),
            ] {
                if first == NONE {
                    continue;
                }
                let returned = self.ops[first as usize].returned;
                if zone.end != NONE && returned < zone.last_call && violations.len() < VIOLATIONS_MAX {
                    violations.push(Violation::Backwards {
                        early: first,
                        late: zone.end,
                    });
                }
                if returned < zone.first_return {
                    (zone.begin, zone.first_return) = (first, returned);
                    begin_proves_end = true;
                }
                let call = self.ops[last as usize].call;
                if zone.end == NONE || call > zone.last_call {
                    (zone.end, zone.last_call) = (last, call);
                    let is_crashed = self.ops[last as usize].returned == Op::NEVER;
                    zone.proof = if is_crashed { known.evidence } else { NONE };
                    begin_proves_end = false;
                }
            }
            match known.successor {
                NONE => break,
                next => value = produced(self.ops[next as usize].effect) as usize,
            }
        }
        if zone.proof != NONE && begin_proves_end {
            zone.proof = zone.begin;
        }
        (zone.end != NONE).then_some(zone)
    }
}

/// A chain seen from outside.
#[derive(Clone, Copy, Debug)]
struct Zone {
    /// The operation that returned first; [`NONE`] when that was the initial value.
    begin: u32,
    first_return: u32,
    /// The operation that was called last.
    end: u32,
    last_call: u32,
    /// Who proves that `end` happened at all, where it crashed.
    proof: u32,
}

impl Zone {
    const fn is_forward(&self) -> bool {
        self.first_return < self.last_call
    }

    fn operations(&self) -> Vec<u32> {
        let mut operations: Vec<u32> = Vec::with_capacity(3);
        for operation in [self.begin, self.end, self.proof] {
            if operation != NONE && !operations.contains(&operation) {
                operations.push(operation);
            }
        }
        operations
    }
}

fn conflicts(ops: &[RegisterOp], zones: Vec<Zone>) -> Vec<Violation> {
    let (mut forward, backward): (Vec<Zone>, Vec<Zone>) = zones.into_iter().partition(Zone::is_forward);
    forward.sort_unstable_by_key(|zone| zone.first_return);
    let mut violations = Vec::new();
    // While they are disjoint: all of them. From the first overlap on: the farthest-reaching so far.
    let mut reaching: Vec<Zone> = Vec::with_capacity(forward.len());
    for zone in forward {
        match reaching.last() {
            Some(before) if zone.first_return < before.last_call => {
                violations.push(interrupted(ops, before, &zone));
                let farthest = if zone.last_call > before.last_call {
                    zone
                } else {
                    *before
                };
                reaching.push(farthest);
            }
            _ => reaching.push(zone),
        }
        if violations.len() >= VIOLATIONS_MAX {
            return violations;
        }
    }
    if !violations.is_empty() {
        return violations;
    }
    for zone in backward {
        // The last forward zone that begins before this one: as they are disjoint, only it can contain it.
        let after = reaching.partition_point(|forward| forward.first_return < zone.last_call);
        let Some(holder) = after.checked_sub(1).map(|position| reaching[position]) else {
            continue;
        };
        if zone.first_return < holder.last_call {
            violations.push(interrupted(ops, &holder, &zone));
            if violations.len() >= VIOLATIONS_MAX {
                break;
            }
        }
    }
    violations
}

/// The fewest operations of two conflicting chains that already conflict: a chain of which only some operations
/// count has the zone of those alone.
fn interrupted(ops: &[RegisterOp], left: &Zone, right: &Zone) -> Violation {
    let mut best: Option<(Zone, Zone)> = None;
    let size = |(left, right): &(Zone, Zone)| left.operations().len() + right.operations().len();
    for left in parts(ops, left) {
        for right in parts(ops, right) {
            let pair = (left, right);
            if conflict(&left, &right) && best.as_ref().is_none_or(|best| size(&pair) < size(best)) {
                best = Some(pair);
            }
        }
    }
    let (left, right) = best.unwrap_or((*left, *right));
    // The holder is the one that certainly held its value for a while.
    let (holder, intruder) = if left.is_forward() {
        (left, right)
    } else {
        (right, left)
    };
    Violation::Interrupted {
        holder: holder.operations(),
        intruder: intruder.operations(),
    }
}

/// The zone, and the zones of some of its operations: every set of them that shows something by itself.
fn parts(ops: &[RegisterOp], zone: &Zone) -> Vec<Zone> {
    let mut parts = vec![*zone];
    if zone.proof != NONE {
        parts.push(Zone {
            end: zone.proof,
            last_call: ops[zone.proof as usize].call,
            proof: NONE,
            ..*zone
        });
    }
    if zone.begin == NONE {
        return parts;
    }
    if zone.proof != NONE {
        // One that crashed and the operation that saw it: called at the one's call, returned at the other's return.
        parts.push(Zone {
            begin: zone.proof,
            first_return: ops[zone.proof as usize].returned,
            ..*zone
        });
    }
    for operation in [zone.begin, zone.end, zone.proof] {
        // One that crashed shows nothing alone.
        if operation == NONE || ops[operation as usize].returned == Op::NEVER {
            continue;
        }
        let op = ops[operation as usize];
        parts.push(Zone {
            begin: operation,
            first_return: op.returned,
            end: operation,
            last_call: op.call,
            proof: NONE,
        });
    }
    parts
}

/// Two forward zones that overlap, or a backward zone inside a forward one: the same comparison. Two backward
/// zones never conflict.
const fn conflict(left: &Zone, right: &Zone) -> bool {
    (left.is_forward() || right.is_forward())
        && left.first_return < right.last_call
        && right.first_return < left.last_call
}

/// The value that a writer leaves.
const fn produced(effect: Effect) -> ValueId {
    match effect {
        Effect::Write(value) | Effect::Cas(_, value) | Effect::Read(value) | Effect::Differs(value) => value,
    }
}
