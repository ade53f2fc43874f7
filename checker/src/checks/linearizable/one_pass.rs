//! The zones of [`super::zones`] for whole histories, in one pass and without a copy of the operations.
//!
//! Of each value only four places are kept: call and return of its writer, the first return and the last call of its
//! readers. That is all that the conditions of the zones ask for, so a key that meets them is linearizable. What does
//! not meet them, or has values that are not unique, is only named here: it is judged (and explained) from its
//! operations, or where it is known which values contradict each other, from those that carry them ([`super::suspects`]).

use workloads::operation::{Action, Key, Value};

use super::{
    fast_hash::FastMap,
    meaning::{Deed, Meaning, meaning},
    suspects::positions,
    zones::VIOLATIONS_MAX,
};
use crate::{
    checks::{
        budget::{Exhausted, Meter},
        watch::Watch,
    },
    history::{History, Op},
};

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
    /// The other keys.
    pub(super) open: Vec<OpenKey>,
}

/// A key that is not proven.
#[derive(Debug)]
pub(super) struct OpenKey {
    /// Which.
    pub(super) key: Key,
    /// The positions in the history among which its operations lie.
    pub(super) range: std::ops::Range<usize>,
    /// Positions of the operations that contradict each other, with all that belongs to their values; empty when that is
    /// not known, and all of the key must be looked at.
    pub(super) suspects: Vec<u32>,
    /// How many operations of this key need an instant.
    pub(super) operations: u64,
    /// Its reads that promise no order.
    pub(super) weak_reads: u64,
    /// Its acknowledged writes below majority.
    pub(super) weak_writes: u64,
}

/// More open keys than this, and nothing is gained: the usual way judges all.
const OPEN_MAX: usize = 8;

/// Operations between two looks at the budget.
const LOOK_EACH: u32 = 1 << 14;

/// Passes over the history. `None` when too many keys stay open.
///
/// # Errors
/// When the budget ends before.
pub(super) fn one_pass(history: &History, meter: &Meter) -> Result<Option<OnePass>, Exhausted> {
    let mut pass = Pass {
        initial: history.initial,
        table_max: 8 * history.ops.len() + 1024,
        // Room that nothing is put into takes no memory, and what grows may be copied.
        values: Vec::with_capacity(history.ops.len()),
        ..Pass::default()
    };
    for (position, op) in (0u32..).zip(&history.ops) {
        if position.is_multiple_of(LOOK_EACH) {
            meter.check(pass.held_bytes())?;
        }
        pass.take(op, position);
        if pass.not_unique > OPEN_MAX {
            return Ok(None);
        }
    }
    pass.judge(meter)?;
    let mut all = OnePass::default();
    for key in &mut pass.keys {
        if key.open {
            all.open.push(OpenKey {
                key: key.key,
                range: key.first as usize..key.last as usize + 1,
                suspects: std::mem::take(&mut key.suspects),
                operations: key.operations.into(),
                weak_reads: key.weak_reads.into(),
                weak_writes: key.weak_writes.into(),
            });
        } else {
            all.operations += u64::from(key.operations);
            all.keys += u64::from(key.operations > 0);
            all.weak_reads += u64::from(key.weak_reads);
            all.weak_writes += u64::from(key.weak_writes);
        }
    }
    Ok((all.open.len() <= OPEN_MAX).then_some(all))
}

pub(super) const NONE: u32 = u32::MAX;

/// One value of one key.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfValue {
    slot: u32,
    pub(super) writer: Writer,
    writer_call: u32,
    writer_return: u32,
    /// First return and last call of those who saw it; no return: nobody did.
    first_return: u32,
    last_call: u32,
    /// Positions of its writer, and of those two who saw it; for the explanation alone.
    pub(super) operations: [u32; 3],
    /// The value that a compare-and-set set after this one.
    successor: u32,
    /// Someone's success proves that the value existed.
    needed: bool,
}

/// What set a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writer {
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
    suspects: Vec<u32>,
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
    /// What it takes, with what judging takes in the end.
    const fn held_bytes(&self) -> usize {
        self.values.len() * (size_of::<OfValue>() + size_of::<u32>())
            + self.keys.len() * size_of::<OfKey>()
            + self.table.len() * size_of::<u32>()
    }

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
                if !of_key.open && self.note(slot, deed, op.call + 1, returned, position).is_none() {
                    self.leave_open(slot);
                    self.not_unique += 1;
                }
            }
        }
    }

    /// Notes the operation with its value; `None` when values are not unique.
    fn note(&mut self, slot: u32, deed: Deed, call: u32, returned: u32, position: u32) -> Option<()> {
        match deed {
            Deed::Differs(_) => return None,
            Deed::Read(found) => {
                let value = self.known(slot, found);
                let value = &mut self.values[value as usize];
                if returned < value.first_return {
                    (value.first_return, value.operations[1]) = (returned, position);
                }
                // Positions come by rising call.
                (value.last_call, value.operations[2]) = (call, position);
            }
            Deed::Write(new) => {
                let value = self.writable(slot, new)?;
                (value.writer, value.operations[0]) = (Writer::Plain, position);
                (value.writer_call, value.writer_return) = (call, returned);
            }
            Deed::Cas(expect, new) => {
                if expect == Some(new) {
                    return None;
                }
                let expect = self.known(slot, expect);
                let value = self.writable(slot, new)?;
                (value.writer, value.operations[0]) = (Writer::After(expect), position);
                (value.writer_call, value.writer_return) = (call, returned);
            }
        }
        Some(())
    }

    /// The entry of a value that is written now; `None` when it has a writer.
    fn writable(&mut self, slot: u32, new: Value) -> Option<&mut OfValue> {
        let value = self.known(slot, Some(new));
        let value = &mut self.values[value as usize];
        (value.writer == Writer::Unknown).then_some(value)
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
            suspects: Vec::new(),
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
    fn judge(&mut self, meter: &Meter) -> Result<(), Exhausted> {
        let mut watch = Watch::of(meter, self.held_bytes());
        watch.look()?;
        // Values are not looked up any more: what comes now takes that room.
        (self.table, self.others) = (Vec::new(), FastMap::default());
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
            if key.open {
                continue;
            }
            match zones.judge(&mut self.values, entries, &mut watch) {
                Ok(()) => {}
                Err(Stop::Culprits(culprits)) => {
                    key.open = true;
                    key.suspects = positions(&self.values, entries, &culprits);
                }
                Err(Stop::Exhausted(exhausted)) => return Err(exhausted),
            }
        }
        Ok(())
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
            operations: [NONE; 3],
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

/// Why a key is not proven.
enum Stop {
    /// Values that take part in a contradiction; none when it is not known which.
    Culprits(Vec<u32>),
    /// The budget ended before.
    Exhausted(Exhausted),
}

impl From<Exhausted> for Stop {
    fn from(exhausted: Exhausted) -> Self {
        Self::Exhausted(exhausted)
    }
}

/// A chain: its first return, its last call, and its first value.
type Zone = (u32, u32, u32);

/// The zones of one key, see [`super::zones`].
#[derive(Default)]
struct Zones {
    forward: Vec<Zone>,
    backward: Vec<Zone>,
}

impl Zones {
    /// Whether a key of these values meets the conditions.
    fn judge(&mut self, values: &mut [OfValue], entries: &[u32], watch: &mut Watch) -> Result<(), Stop> {
        self.draw(values, entries, watch)?;
        // One step of sorting is about one of the others.
        watch.steps(entries.len())?;
        self.agree()
    }

    /// Walks the chains of a key.
    fn draw(&mut self, values: &mut [OfValue], entries: &[u32], watch: &mut Watch) -> Result<(), Stop> {
        self.forward.clear();
        self.backward.clear();
        let mut culprits = Vec::new();
        for entry in entries {
            watch.step()?;
            let value = values[*entry as usize];
            if value.first_return != Op::NEVER && need(values, *entry).is_none() {
                culprits.push(*entry);
            }
            if let Writer::After(expect) = value.writer
                && value.is_completed()
                && need(values, expect).is_none()
            {
                culprits.push(expect);
            }
        }
        none_of(&culprits)?;
        let mut existing = 0;
        for entry in entries {
            watch.step()?;
            let value = values[*entry as usize];
            existing += u32::from(value.existed());
            if let Writer::After(expect) = value.writer
                && value.existed()
            {
                let successor = &mut values[expect as usize].successor;
                if *successor == NONE {
                    *successor = *entry;
                } else {
                    culprits.push(*entry);
                }
            }
        }
        none_of(&culprits)?;
        let mut walked = 0;
        for entry in entries {
            watch.step()?;
            let root = &values[*entry as usize];
            if root.writer == Writer::Initial || (root.writer == Writer::Plain && root.existed()) {
                match self.walk(values, *entry) {
                    Some(values) => walked += values,
                    None => culprits.push(*entry),
                }
            }
        }
        none_of(&culprits)?;
        // The rest are rings of compare-and-sets.
        if walked == existing {
            Ok(())
        } else {
            Err(Stop::Culprits(Vec::new()))
        }
    }

    /// One chain; how many written values it has. `None` when it contradicts itself.
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
            self.forward.push((first_return, last_call, root));
        } else if is_seen {
            self.backward.push((first_return, last_call, root));
        }
        Some(walked)
    }

    /// Whether no two zones contradict each other.
    fn agree(&mut self) -> Result<(), Stop> {
        self.forward
            .sort_unstable_by_key(|(first_return, _, _)| *first_return);
        let overlap = |pair: &&[Zone]| pair[1].0 < pair[0].1;
        let overlaps = self.forward.windows(2).filter(overlap);
        let culprits = overlaps.flat_map(|pair| [pair[0].2, pair[1].2]);
        none_of(&culprits.take(2 * VIOLATIONS_MAX).collect::<Vec<_>>())?;
        let inside = |(first_return, last_call, root): &Zone| {
            let after = self.forward.partition_point(|(begin, _, _)| begin < last_call);
            let (_, end, holder) = after.checked_sub(1).map(|position| self.forward[position])?;
            (*first_return < end).then_some([*root, holder])
        };
        let culprits = self.backward.iter().filter_map(inside).take(VIOLATIONS_MAX);
        none_of(&culprits.flatten().collect::<Vec<_>>())
    }
}

/// An error of the first culprits, if there are some.
fn none_of(culprits: &[u32]) -> Result<(), Stop> {
    if culprits.is_empty() {
        return Ok(());
    }
    let first = culprits.iter().take(2 * VIOLATIONS_MAX).copied();
    Err(Stop::Culprits(first.collect()))
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
