//! The zones of [`super::zones`] for whole histories, in one pass and without a copy of the operations.
//!
//! Of each value only four places are kept: call and return of its writer, the first return and the last call of its
//! readers. That is all that the conditions of the zones ask for, so a key that meets them is linearizable. What does
//! not meet them, or has values that are not unique, is only named here: it is judged (and explained) from its
//! operations.

use workloads::operation::{Action, Key, Value};

use super::{
    fast_hash::FastMap,
    meaning::{Deed, Meaning, meaning},
};
use crate::history::{History, Op};

/// What one pass can tell.
#[derive(Debug, Default)]
pub(super) struct OnePass {
    /// Operations of the keys that are proven linearizable.
    pub(super) operations: u64,
    /// Number of these keys.
    pub(super) keys: u64,
    /// Reads that promise no order, on these keys.
    pub(super) weak_reads: u64,
    /// Acknowledged writes below majority, on these keys.
    pub(super) weak_writes: u64,
    /// The other keys, and the range of positions in the history in which their operations lie.
    pub(super) open: Vec<(Key, std::ops::Range<usize>)>,
}

/// More open keys than this, and nothing is gained: the usual way judges all.
const OPEN_MAX: usize = 8;

/// Passes over the history. `None` when too many keys stay open.
pub(super) fn one_pass(history: &History) -> Option<OnePass> {
    let mut pass = Pass {
        initial: history.initial,
        table_max: 8 * history.ops.len() + 1024,
        ..Pass::default()
    };
    for (position, op) in history.ops.iter().enumerate() {
        pass.take(op, u32::try_from(position).ok()?);
        if pass.not_unique > OPEN_MAX {
            return None;
        }
    }
    pass.judge();
    let mut all = OnePass::default();
    for key in &pass.keys {
        if key.open {
            all.open
                .push((key.key, key.first as usize..key.last as usize + 1));
        } else {
            all.operations += u64::from(key.operations);
            all.keys += u64::from(key.operations > 0);
            all.weak_reads += u64::from(key.weak_reads);
            all.weak_writes += u64::from(key.weak_writes);
        }
    }
    (all.open.len() <= OPEN_MAX).then_some(all)
}

const NONE: u32 = u32::MAX;

/// One value of one key.
#[derive(Clone, Copy, Debug)]
struct OfValue {
    slot: u32,
    writer: Writer,
    writer_call: u32,
    writer_return: u32,
    /// First return and last call of those who saw it; no return: nobody did.
    first_return: u32,
    last_call: u32,
    /// The value that a compare-and-set set after this one.
    successor: u32,
    /// Someone's success proves that the value existed.
    needed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    Unknown,
    Initial,
    Plain,
    /// A compare-and-set from that value.
    After(u32),
}

#[derive(Debug)]
struct OfKey {
    key: Key,
    initial: u32,
    first: u32,
    last: u32,
    operations: u32,
    values: u32,
    weak_reads: u32,
    weak_writes: u32,
    open: bool,
}

#[derive(Default)]
struct Pass {
    initial: Option<Value>,
    table_max: usize,
    slots: FastMap<Key, u32>,
    keys: Vec<OfKey>,
    values: Vec<OfValue>,
    /// Small values to their entry (of the key that used them first), and all others.
    table: Vec<u32>,
    others: FastMap<(u32, Option<Value>), u32>,
    latest: Option<(Key, u32)>,
    not_unique: usize,
}

impl Pass {
    fn take(&mut self, op: &Op, position: u32) {
        let key = match op.request.action {
            Action::Read { key } | Action::Write { key, .. } | Action::Cas { key, .. } => key,
            _ => return,
        };
        let meaning = meaning(op);
        if meaning == Meaning::Nothing {
            return;
        }
        let slot = self.slot(key, position);
        let of_key = &mut self.keys[slot as usize];
        of_key.last = position;
        match meaning {
            Meaning::Nothing => {}
            Meaning::WeakRead => of_key.weak_reads += 1,
            Meaning::WeakObservation => of_key.weak_writes += 1,
            Meaning::Wrong => self.leave_open(slot),
            Meaning::Needs {
                deed,
                returned,
                weak_write,
            } => {
                of_key.operations += 1;
                of_key.weak_writes += u32::from(weak_write);
                if !of_key.open && self.note(slot, deed, op.call + 1, returned).is_none() {
                    self.leave_open(slot);
                    self.not_unique += 1;
                }
            }
        }
    }

    /// Notes the operation with its value; `None` when values are not unique.
    fn note(&mut self, slot: u32, deed: Deed, call: u32, returned: u32) -> Option<()> {
        match deed {
            Deed::Differs(_) => return None,
            Deed::Read(found) => {
                let value = self.known(slot, found);
                let value = &mut self.values[value as usize];
                value.first_return = value.first_return.min(returned);
                value.last_call = value.last_call.max(call);
            }
            Deed::Write(new) => self.write(slot, new, Writer::Plain, call, returned)?,
            Deed::Cas(expect, new) => {
                if expect == Some(new) {
                    return None;
                }
                let expect = self.known(slot, expect);
                self.write(slot, new, Writer::After(expect), call, returned)?;
            }
        }
        Some(())
    }

    fn write(&mut self, slot: u32, new: Value, writer: Writer, call: u32, returned: u32) -> Option<()> {
        let value = self.known(slot, Some(new));
        let value = &mut self.values[value as usize];
        if value.writer != Writer::Unknown {
            return None;
        }
        (value.writer, value.writer_call, value.writer_return) = (writer, call, returned);
        Some(())
    }

    fn leave_open(&mut self, slot: u32) {
        self.keys[slot as usize].open = true;
    }

    fn slot(&mut self, key: Key, position: u32) -> u32 {
        if let Some((latest, slot)) = self.latest
            && latest == key
        {
            return slot;
        }
        let slot = match self.slots.get(&key) {
            Some(slot) => *slot,
            None => self.open_key(key, position),
        };
        self.latest = Some((key, slot));
        slot
    }

    fn open_key(&mut self, key: Key, position: u32) -> u32 {
        let slot = self.keys.len() as u32;
        let initial = self.values.len() as u32;
        self.values.push(OfValue {
            writer: Writer::Initial,
            ..OfValue::of(slot)
        });
        self.keys.push(OfKey {
            key,
            initial,
            first: position,
            last: position,
            operations: 0,
            values: 1,
            weak_reads: 0,
            weak_writes: 0,
            open: false,
        });
        self.slots.insert(key, slot);
        slot
    }

    /// The entry of a value.
    fn known(&mut self, slot: u32, value: Option<Value>) -> u32 {
        if value == self.initial {
            return self.keys[slot as usize].initial;
        }
        let next = self.values.len() as u32;
        let small = value.and_then(|value| usize::try_from(value).ok());
        let small = small.filter(|small| *small < self.table_max);
        if let Some(small) = small {
            if small >= self.table.len() {
                let length = (small + 1).next_power_of_two().min(self.table_max);
                self.table.resize(length, NONE);
            }
            let entry = &mut self.table[small];
            if *entry == NONE {
                *entry = next;
                self.add(slot);
                return next;
            }
            if self.values[*entry as usize].slot == slot {
                return *entry;
            }
        }
        let entry = *self.others.entry((slot, value)).or_insert(next);
        if entry == next {
            self.add(slot);
        }
        entry
    }

    fn add(&mut self, slot: u32) {
        self.values.push(OfValue::of(slot));
        self.keys[slot as usize].values += 1;
    }

    /// Leaves every key open that does not meet the conditions.
    fn judge(&mut self) {
        let mut next: Vec<u32> = Vec::with_capacity(self.keys.len());
        let mut begin = 0;
        for key in &self.keys {
            next.push(begin);
            begin += key.values;
        }
        let mut by_key = vec![0u32; self.values.len()];
        for (entry, value) in (0u32..).zip(&self.values) {
            let place = &mut next[value.slot as usize];
            by_key[*place as usize] = entry;
            *place += 1;
        }
        let mut zones = Zones::default();
        let mut begin = 0;
        for key in &mut self.keys {
            let end = begin + key.values as usize;
            let entries = &by_key[begin..end];
            begin = end;
            key.open = key.open || zones.draw(&mut self.values, entries).is_none() || !zones.agree();
        }
    }
}

impl OfValue {
    const fn of(slot: u32) -> Self {
        Self {
            slot,
            writer: Writer::Unknown,
            writer_call: 0,
            writer_return: Op::NEVER,
            first_return: Op::NEVER,
            last_call: 0,
            successor: NONE,
            needed: false,
        }
    }

    const fn is_completed(&self) -> bool {
        self.writer_return != Op::NEVER
    }

    /// Whether it has a writer that took effect.
    const fn existed(&self) -> bool {
        matches!(self.writer, Writer::Plain | Writer::After(_)) && (self.needed || self.is_completed())
    }
}

/// The zones of one key, see [`super::zones`]: first return and last call of each chain.
#[derive(Default)]
struct Zones {
    forward: Vec<(u32, u32)>,
    backward: Vec<(u32, u32)>,
}

impl Zones {
    /// Walks the chains of a key. `None` when they contradict themselves.
    fn draw(&mut self, values: &mut [OfValue], entries: &[u32]) -> Option<()> {
        self.forward.clear();
        self.backward.clear();
        for entry in entries {
            let value = values[*entry as usize];
            if value.first_return != Op::NEVER {
                need(values, *entry)?;
            }
            if let Writer::After(expect) = value.writer
                && value.is_completed()
            {
                need(values, expect)?;
            }
        }
        let mut existing = 0;
        for entry in entries {
            let value = values[*entry as usize];
            existing += u32::from(value.existed());
            if let Writer::After(expect) = value.writer
                && value.existed()
            {
                let successor = &mut values[expect as usize].successor;
                if *successor != NONE {
                    return None;
                }
                *successor = *entry;
            }
        }
        let mut walked = 0;
        for entry in entries {
            let root = &values[*entry as usize];
            if root.writer == Writer::Initial || (root.writer == Writer::Plain && root.existed()) {
                walked += self.walk(values, *entry)?;
            }
        }
        // The rest are rings of compare-and-sets.
        (walked == existing).then_some(())
    }

    /// One chain; how many written values it has.
    fn walk(&mut self, values: &[OfValue], root: u32) -> Option<u32> {
        let is_initial = values[root as usize].writer == Writer::Initial;
        let mut first_return = if is_initial { 0 } else { Op::NEVER };
        let (mut last_call, mut is_seen, mut walked) = (0, false, 0);
        let mut entry = root;
        while entry != NONE {
            let value = &values[entry as usize];
            if value.writer != Writer::Initial {
                walked += 1;
                if value.writer_return < last_call {
                    return None;
                }
                first_return = first_return.min(value.writer_return);
                last_call = last_call.max(value.writer_call);
                is_seen = true;
            }
            if value.first_return != Op::NEVER {
                if value.first_return < last_call {
                    return None;
                }
                first_return = first_return.min(value.first_return);
                last_call = last_call.max(value.last_call);
                is_seen = true;
            }
            entry = value.successor;
        }
        if is_seen && first_return < last_call {
            self.forward.push((first_return, last_call));
        } else if is_seen {
            self.backward.push((first_return, last_call));
        }
        Some(walked)
    }

    /// Whether no two zones contradict each other.
    fn agree(&mut self) -> bool {
        self.forward.sort_unstable();
        let disjoint = self.forward.windows(2).all(|pair| pair[1].0 >= pair[0].1);
        disjoint
            && self.backward.iter().all(|(first_return, last_call)| {
                let after = self.forward.partition_point(|(begin, _)| begin < last_call);
                let holder = after.checked_sub(1).map(|position| self.forward[position]);
                holder.is_none_or(|(_, end)| *first_return >= end)
            })
    }
}

/// Marks a value that existed, and those before it in a chain of crashed compare-and-sets. `None` when nothing wrote
/// one of them.
fn need(values: &mut [OfValue], mut entry: u32) -> Option<()> {
    loop {
        let value = &mut values[entry as usize];
        if value.needed {
            return Some(());
        }
        value.needed = true;
        match value.writer {
            Writer::Unknown => return None,
            // A completed one is visited on its own.
            Writer::After(expect) if !value.is_completed() => entry = expect,
            Writer::After(_) | Writer::Plain | Writer::Initial => return Some(()),
        }
    }
}
