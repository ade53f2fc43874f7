//! From a history to one small problem per register: 24 bytes an operation.

use std::collections::BTreeMap;

use workloads::operation::{Action, Key, Observed, ReadConcern, Value, WriteConcern};

use super::fast_hash::FastMap;
use crate::history::{History, Op};

/// A value of one register by a dense number; 0 is what the register holds before the first write.
pub(crate) type ValueId = u32;

/// What an operation does to a register, given what it saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// Saw this value.
    Read(ValueId),
    /// Leaves this value, whatever was there.
    Write(ValueId),
    /// Needs the first value, leaves the second. Of a crashed one it is not known whether it matched.
    Cas(ValueId, ValueId),
    /// Saw that the value is *not* this one (a refused compare-and-set without pre-image).
    Differs(ValueId),
}

/// One operation on one register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RegisterOp {
    /// Place of the call, from 1; 0 is before everything.
    pub(crate) call: u32,
    /// Place of the return, or [`Op::NEVER`].
    pub(crate) returned: u32,
    /// What it does.
    pub(crate) effect: Effect,
    /// Position in the history's operations.
    pub(crate) op: u32,
}

/// A reply that contradicts itself: no order is needed to refute it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrongReply {
    /// Position in the history's operations.
    pub(crate) op: u32,
}

/// All registers of a history.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    /// Operations grouped by key, by rising call within a key.
    ops: Vec<RegisterOp>,
    /// Key to its part of `ops`.
    pub(crate) keys: BTreeMap<Key, std::ops::Range<usize>>,
    /// Global value number to the value.
    values: Values,
    /// Replies that contradict themselves.
    pub(crate) wrong: Vec<WrongReply>,
    /// Reads below linearizable concern, which promise no order and are left out.
    pub(crate) weak_reads: u64,
    /// Writes below majority concern, judged as if their end were unknown: they may be rolled back.
    pub(crate) weak_writes: u64,
}

impl Problems {
    /// Takes the registers' operations out of a history.
    pub(crate) fn of(history: &History) -> Self {
        let mut problems = Self::default();
        problems.values.id(history.initial, history.ops.len());
        let mut slots: FastMap<Key, u32> = FastMap::default();
        let mut counts: Vec<(Key, usize)> = Vec::new();
        let mut slot_of: Vec<u32> = Vec::with_capacity(history.ops.len());
        let mut ops: Vec<RegisterOp> = Vec::with_capacity(history.ops.len());
        for (position, op) in history.ops.iter().enumerate() {
            let key = match op.request.action {
                Action::Read { key } | Action::Write { key, .. } | Action::Cas { key, .. } => key,
                _ => continue,
            };
            let position = u32::try_from(position).expect("a history has at most u32::MAX events");
            let Some(taken) = problems.take(op, position, history.ops.len()) else {
                continue;
            };
            let slot = *slots.entry(key).or_insert_with(|| {
                counts.push((key, 0));
                u32::try_from(counts.len() - 1).expect("no more keys than operations")
            });
            counts[slot as usize].1 += 1;
            slot_of.push(slot);
            ops.push(taken);
        }
        problems.group(ops, &slot_of, &counts);
        problems
    }

    /// The operations of one key, with values numbered from 0 within the key. `local` is scratch space, kept
    /// between calls.
    pub(crate) fn of_key(
        &self,
        range: std::ops::Range<usize>,
        scratch: &mut Scratch,
    ) -> (Vec<RegisterOp>, usize) {
        scratch.begin(self.values.count());
        let mut ops = self.ops[range].to_vec();
        for op in &mut ops {
            op.effect = match op.effect {
                Effect::Read(value) => Effect::Read(scratch.local(value)),
                Effect::Write(value) => Effect::Write(scratch.local(value)),
                Effect::Cas(expect, value) => Effect::Cas(scratch.local(expect), scratch.local(value)),
                Effect::Differs(value) => Effect::Differs(scratch.local(value)),
            };
        }
        (ops, scratch.next as usize)
    }

    /// Stable counting sort by key.
    fn group(&mut self, ops: Vec<RegisterOp>, slot_of: &[u32], counts: &[(Key, usize)]) {
        let mut next: Vec<usize> = Vec::with_capacity(counts.len());
        let mut start = 0;
        for (key, count) in counts {
            next.push(start);
            self.keys.insert(*key, start..start + count);
            start += count;
        }
        if counts.len() <= 1 {
            self.ops = ops;
            return;
        }
        let filler = RegisterOp {
            call: 0,
            returned: 0,
            effect: Effect::Read(0),
            op: 0,
        };
        self.ops = vec![filler; ops.len()];
        for (op, slot) in ops.into_iter().zip(slot_of) {
            let place = &mut next[*slot as usize];
            self.ops[*place] = op;
            *place += 1;
        }
    }

    fn take(&mut self, op: &Op, position: u32, hint: usize) -> Option<RegisterOp> {
        if op.is_fail() {
            return None;
        }
        let durable = op.request.concerns.write == WriteConcern::Majority;
        let (effect, certain) = match (&op.request.action, op.observed()) {
            (Action::Read { .. }, Some(Observed::Register(found))) => {
                if op.request.concerns.read != ReadConcern::Linearizable {
                    self.weak_reads += 1;
                    return None;
                }
                (Effect::Read(self.values.id(*found, hint)), true)
            }
            (Action::Write { value, .. }, seen) => {
                (Effect::Write(self.values.id(Some(*value), hint)), seen.is_some())
            }
            (Action::Cas { expect, value, .. }, Some(Observed::Swapped { was, swapped: true })) => {
                if was != expect {
                    self.wrong.push(WrongReply { op: position });
                    return None;
                }
                (
                    Effect::Cas(self.values.id(*expect, hint), self.values.id(Some(*value), hint)),
                    true,
                )
            }
            (Action::Cas { expect, .. }, Some(Observed::Swapped { was, swapped: false })) => {
                if was == expect {
                    self.wrong.push(WrongReply { op: position });
                    return None;
                }
                (Effect::Read(self.values.id(*was, hint)), true)
            }
            (Action::Cas { expect, .. }, Some(Observed::Refused)) => {
                (Effect::Differs(self.values.id(*expect, hint)), true)
            }
            (Action::Cas { expect, value, .. }, None) => (
                Effect::Cas(self.values.id(*expect, hint), self.values.id(Some(*value), hint)),
                false,
            ),
            _ => return None,
        };
        if !matches!(op.request.action, Action::Read { .. }) && certain && !durable {
            self.weak_writes += 1;
            // What it saw was the primary's own data, which may be rolled back together with it.
            if matches!(effect, Effect::Read(_) | Effect::Differs(_)) {
                return None;
            }
        }
        let returned = if certain && (durable || matches!(op.request.action, Action::Read { .. })) {
            op.returned.saturating_add(1)
        } else {
            Op::NEVER
        };
        Some(RegisterOp {
            call: op.call + 1,
            returned,
            effect,
            op: position,
        })
    }
}

/// Numbers values densely: a table for small positive ones, a map for the rest.
#[derive(Debug, Default)]
struct Values {
    count: u32,
    small: Vec<u32>,
    others: FastMap<Option<Value>, u32>,
}

impl Values {
    /// The number of `value`; `hint` (how many operations there are) bounds the table.
    fn id(&mut self, value: Option<Value>, hint: usize) -> u32 {
        let table_max = 8 * hint + 1024;
        let small = value
            .and_then(|value| usize::try_from(value).ok())
            .filter(|value| *value < table_max);
        let entry = match small {
            Some(small) => {
                if small >= self.small.len() {
                    self.small
                        .resize((small + 1).next_power_of_two().min(table_max), u32::MAX);
                }
                &mut self.small[small]
            }
            None => self.others.entry(value).or_insert(u32::MAX),
        };
        if *entry == u32::MAX {
            *entry = self.count;
            self.count += 1;
        }
        *entry
    }

    const fn count(&self) -> usize {
        self.count as usize
    }
}

/// Global value number to the number within the key at hand.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    local: Vec<(u32, u32)>,
    round: u32,
    next: u32,
}

impl Scratch {
    fn begin(&mut self, values: usize) {
        self.local.resize(values, (0, 0));
        self.round += 1;
        self.next = 0;
        self.local(0);
    }

    fn local(&mut self, global: u32) -> u32 {
        let (round, local) = &mut self.local[global as usize];
        if *round != self.round {
            (*round, *local) = (self.round, self.next);
            self.next += 1;
        }
        *local
    }
}
