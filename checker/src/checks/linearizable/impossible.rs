//! Operations on a register that no order can explain, found without a search: a value that nobody had written yet,
//! or that was overwritten for certain before it was seen.
//!
//! A search would have to exhaust every order up to there, which is where it is slowest; most real violations are of
//! this kind. Necessary for linearizability, not sufficient: what passes still needs the search.

use super::{
    fast_hash::FastMap,
    model::Timed,
    problem::{Effect, ValueId},
};
use crate::history::Op;

/// The first such operation by return. O(n log n).
///
/// A read of `v` that was called after some other value's certain write `u` had returned needs a writer of `v` that is
/// called before the read returns, and did not return before `u` was called.
pub(super) fn impossible(ops: &[Timed<Effect>]) -> Option<u32> {
    let writers = Writers::of(ops);
    let setters = Setters::of(ops);
    let mut by_return: Vec<u32> = (0u32..).zip(ops).map(|(position, _)| position).collect();
    by_return.retain(|position| ops[*position as usize].returned != Op::NEVER);
    by_return.sort_unstable_by_key(|position| ops[*position as usize].returned);
    by_return.into_iter().find(|position| {
        let op = &ops[*position as usize];
        let (Effect::Read(value) | Effect::Cas(value, _)) = op.effect else {
            return false;
        };
        let overwritten = setters.last_call_before(op.call, value);
        // What it leaves itself does not help it.
        let newest = writers.latest_return(value, op.returned, *position);
        let initial = value == 0 && overwritten.is_none();
        !initial && newest.is_none_or(|returned| overwritten.is_some_and(|call| returned < call))
    })
}

/// A call, and the two latest returns (and whose) up to it.
type Writer = (u32, [(u32, u32); 2]);

/// A return, and the two latest calls (and of which values) up to it.
type Setter = (u32, [Option<(u32, ValueId)>; 2]);

/// By value: writers by call, each with the latest return (and whose) of it and all before it.
struct Writers {
    by_value: FastMap<ValueId, Vec<Writer>>,
}

impl Writers {
    fn of(ops: &[Timed<Effect>]) -> Self {
        let mut by_value: FastMap<ValueId, Vec<Writer>> = FastMap::default();
        for (position, op) in (0u32..).zip(ops) {
            if let Effect::Write(value) | Effect::Cas(_, value) = op.effect {
                let own = (op.returned, position);
                by_value.entry(value).or_default().push((op.call, [own, own]));
            }
        }
        for writers in by_value.values_mut() {
            writers.sort_unstable();
            let mut best: Vec<(u32, u32)> = Vec::new();
            for (_, latest) in writers {
                best.push(latest[0]);
                best.sort_unstable_by(|one, other| other.cmp(one));
                best.truncate(2);
                *latest = [best[0], *best.last().unwrap_or(&best[0])];
            }
        }
        Self { by_value }
    }

    /// The latest return among writers of `value` called before `place`, other than `except`.
    fn latest_return(&self, value: ValueId, place: u32, except: u32) -> Option<u32> {
        let writers = self.by_value.get(&value)?;
        let count = writers.partition_point(|(call, _)| *call < place);
        let (_, latest) = writers.get(count.checked_sub(1)?)?;
        let other = latest.iter().find(|(_, position)| *position != except);
        other.map(|(returned, _)| *returned)
    }
}

/// Completed writers by return: the two latest calls so far, of different values.
struct Setters {
    by_return: Vec<Setter>,
}

impl Setters {
    fn of(ops: &[Timed<Effect>]) -> Self {
        let mut done: Vec<(u32, u32, ValueId)> = ops
            .iter()
            .filter(|op| op.returned != Op::NEVER)
            .filter_map(|op| match op.effect {
                Effect::Write(value) | Effect::Cas(_, value) => Some((op.returned, op.call, value)),
                Effect::Read(_) | Effect::Differs(_) => None,
            })
            .collect();
        done.sort_unstable();
        let mut latest: [Option<(u32, ValueId)>; 2] = [None, None];
        let by_return = done.into_iter().map(|(returned, call, value)| {
            match latest {
                [Some((first, of)), _] if of == value => latest[0] = Some((first.max(call), of)),
                [first, _] if first.is_none_or(|(first, _)| call > first) => {
                    latest = [Some((call, value)), first]
                }
                [_, second] if second.is_none_or(|(second, _)| call > second) => {
                    latest[1] = Some((call, value))
                }
                _ => {}
            }
            (returned, latest)
        });
        Self {
            by_return: by_return.collect(),
        }
    }

    /// The latest call among completed writers of other values than `value` that returned before `place`.
    fn last_call_before(&self, place: u32, value: ValueId) -> Option<u32> {
        let count = self.by_return.partition_point(|(returned, _)| *returned < place);
        let (_, latest) = self.by_return.get(count.checked_sub(1)?)?;
        let other = latest.iter().flatten().find(|(_, of)| *of != value);
        other.map(|(call, _)| *call)
    }
}
