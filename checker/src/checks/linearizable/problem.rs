//! From a history to one small problem per register: 24 bytes an operation.

use std::collections::BTreeMap;

use workloads::operation::{Action, Key, Value};

use super::{
    fast_hash::FastMap,
    meaning::{Deed, Meaning, meaning},
};
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
        let mut gathering = Gathering::of(history, history.ops.len());
        for (position, op) in history.ops.iter().enumerate() {
            if let Action::Read { key } | Action::Write { key, .. } | Action::Cas { key, .. } =
                op.request.action
            {
                gathering.take(key, op, position);
            }
        }
        gathering.finish()
    }

    /// The same for some keys alone, each with the positions among which its operations lie.
    pub(super) fn of_keys(history: &History, keys: &[(Key, std::ops::Range<usize>)]) -> Self {
        let hint = keys.iter().map(|(_, range)| range.len()).sum();
        let mut gathering = Gathering::of(history, hint);
        for (only, range) in keys {
            for position in range.clone() {
                let op = &history.ops[position];
                if let Action::Read { key } | Action::Write { key, .. } | Action::Cas { key, .. } =
                    op.request.action
                    && key == *only
                {
                    gathering.take(key, op, position);
                }
            }
        }
        gathering.finish()
    }

    /// The same for some operations of one key, by their rising positions.
    pub(super) fn of_positions(history: &History, key: Key, positions: &[u32]) -> Self {
        let mut gathering = Gathering::of(history, positions.len());
        for position in positions {
            let position = *position as usize;
            gathering.take(key, &history.ops[position], position);
        }
        gathering.finish()
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
        let (deed, returned, weak_write) = match meaning(op) {
            Meaning::Nothing => return None,
            Meaning::WeakRead => {
                self.weak_reads += 1;
                return None;
            }
            Meaning::WeakObservation => {
                self.weak_writes += 1;
                return None;
            }
            Meaning::Wrong => {
                self.wrong.push(WrongReply { op: position });
                return None;
            }
            Meaning::Needs {
                deed,
                returned,
                weak_write,
            } => (deed, returned, weak_write),
        };
        self.weak_writes += u64::from(weak_write);
        let mut id = |value| self.values.id(value, hint);
        let effect = match deed {
            Deed::Read(found) => Effect::Read(id(found)),
            Deed::Write(value) => Effect::Write(id(Some(value))),
            Deed::Cas(expect, value) => Effect::Cas(id(expect), id(Some(value))),
            Deed::Differs(value) => Effect::Differs(id(value)),
        };
        Some(RegisterOp {
            call: op.call + 1,
            returned,
            effect,
            op: position,
        })
    }
}

/// Operations on their way into their keys' groups.
struct Gathering {
    problems: Problems,
    slots: FastMap<Key, u32>,
    counts: Vec<(Key, usize)>,
    slot_of: Vec<u32>,
    ops: Vec<RegisterOp>,
    hint: usize,
}

impl Gathering {
    /// `hint`: how many operations there may be.
    fn of(history: &History, hint: usize) -> Self {
        let mut problems = Problems::default();
        problems.values.id(history.initial, hint);
        Self {
            problems,
            slots: FastMap::default(),
            counts: Vec::new(),
            slot_of: Vec::new(),
            ops: Vec::new(),
            hint,
        }
    }

    fn take(&mut self, key: Key, op: &Op, position: usize) {
        let position = u32::try_from(position).expect("a history has at most u32::MAX events");
        let Some(taken) = self.problems.take(op, position, self.hint) else {
            return;
        };
        let counts = &mut self.counts;
        let slot = *self.slots.entry(key).or_insert_with(|| {
            counts.push((key, 0));
            u32::try_from(counts.len() - 1).expect("no more keys than operations")
        });
        self.counts[slot as usize].1 += 1;
        self.slot_of.push(slot);
        self.ops.push(taken);
    }

    fn finish(mut self) -> Problems {
        self.problems.group(self.ops, &self.slot_of, &self.counts);
        self.problems
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
