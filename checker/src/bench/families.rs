//! Every check on a long history that is right by construction, and on the same with one flaw: time, memory, verdict.

use std::fmt::Write;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use workloads::operation::{Action, Completion, Concerns, Key, Observed, Operation, Value};

use super::meter::{Measured, measured};
use crate::{
    checks::{Budget, CHECKS, Validity},
    history::{History, Op},
};

/// What the clients of a history ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Appends and whole reads of short lists.
    Lists,
    /// Adds and whole reads of sets.
    Sets,
    /// Increments and reads of counters.
    Counters,
    /// Writes and reads of registers in causal sessions.
    Sessions,
}

/// Each family with the checks that judge it.
pub const FAMILIES: [(Family, &[&str]); 4] = [
    (Family::Lists, &["list-append", "no-lost-write", "no-dirty-read"]),
    (
        Family::Sets,
        &["no-lost-write", "no-dirty-read", "subset-chain", "causal-order"],
    ),
    (Family::Counters, &["counter"]),
    (
        Family::Sessions,
        &["causal-order", "session-guarantees", "linearizable"],
    ),
];

/// How one check did on one history.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRow {
    /// Name of the check.
    pub check: &'static str,
    /// What was asked.
    pub family: Family,
    /// Number of operations.
    pub operations: u32,
    /// On the history that is right.
    pub right: Measured,
    /// On the same with one read near the end that forgot something.
    pub flawed: Measured,
}

impl CheckRow {
    /// Whether the right one was accepted. Not every flaw breaks every promise, so the other one decides nothing.
    pub fn is_right(&self) -> bool {
        self.right.validity == Validity::Valid
    }
}

/// Clients of a generated history.
const CLIENTS: usize = 30;
/// Changes to one list or set before the next one begins.
const CHANGES_MAX: [u32; 2] = [48, 1_000];

/// Measures all checks of a family.
pub fn measure_family(family: Family, operations: u32, seed: u64) -> Vec<CheckRow> {
    let right = generate_family(family, operations, seed, false);
    let flawed = generate_family(family, operations, seed, true);
    let names = FAMILIES
        .iter()
        .find(|(known, _)| *known == family)
        .map_or(&[][..], |(_, names)| names);
    let row = |check: &&'static str| {
        let judge = |history: &History| {
            let found = CHECKS.iter().find(|known| known.name == *check);
            found.map_or(Validity::Unknown, |known| {
                (known.run)(history, &Budget::default()).validity
            })
        };
        CheckRow {
            check,
            family,
            operations,
            right: measured(|| judge(&right)),
            flawed: measured(|| judge(&flawed)),
        }
    };
    names.iter().map(row).collect()
}

/// Rows as a table.
pub fn check_table(rows: &[CheckRow]) -> String {
    let mut text = String::from(
        "| check | history | operations | CPU s | bytes/op | verdict | with one flaw: CPU s | verdict |\n|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let bytes = row.right.peak_bytes.map_or_else(
            || "?".to_owned(),
            |bytes| (bytes / u64::from(row.operations.max(1))).to_string(),
        );
        writeln!(
            text,
            "| {} | {:?} | {} | {:.3} | {bytes} | {:?} | {:.3} | {:?} |",
            row.check,
            row.family,
            row.operations,
            row.right.cpu_seconds,
            row.right.validity,
            row.flawed.cpu_seconds,
            row.flawed.validity
        )
        .expect("a string takes every text");
    }
    text
}

/// One copy of the data; each client calls, takes effect and returns at drawn times.
fn generate_family(family: Family, operations: u32, seed: u64, flawed: bool) -> History {
    let mut world = World {
        family,
        dice: ChaCha8Rng::seed_from_u64(seed),
        key: 0,
        changes: 0,
        written: 0,
        elements: Vec::new(),
        registers: vec![None; 8],
        count: 0,
    };
    let mut ops: Vec<Op> = Vec::with_capacity(operations as usize);
    let mut clients: Vec<Option<(usize, bool)>> = vec![None; CLIENTS];
    let (mut place, mut busy) = (0, 0);
    let mut flaw = flawed.then_some(operations * 7 / 10);
    while ops.len() < operations as usize || busy > 0 {
        let client = world.below(CLIENTS as u32) as usize;
        match clients[client] {
            None if ops.len() < operations as usize => {
                let action = world.ask();
                clients[client] = Some((ops.len(), false));
                ops.push(called(ops.len(), client as u32, place, action));
                (place, busy) = (place + 1, busy + 1);
            }
            None => {}
            Some((at, false)) => {
                let mut observed = world.take_effect(&ops[at].request.action);
                let spoil = flaw.is_some_and(|from| at >= from as usize) && forget(&mut observed);
                flaw = flaw.filter(|_| !spoil);
                ops[at].completion = Completion::Ok(observed);
                clients[client] = Some((at, true));
            }
            Some((at, true)) => {
                (ops[at].returned, ops[at].return_ns) = (place, u64::from(place) * 1000);
                (place, busy) = (place + 1, busy - 1);
                clients[client] = None;
            }
        }
    }
    for key in 0..u32::try_from(world.elements.len()).unwrap_or(0) {
        let action = match family {
            Family::Lists => Action::ReadList { key },
            _ => Action::ReadSet { key },
        };
        let observed = world.take_effect(&action);
        let mut read = called(ops.len(), CLIENTS as u32, place, action);
        (read.last, read.completion, read.returned) = (true, Completion::Ok(observed), place + 1);
        place += 2;
        ops.push(read);
    }
    History {
        ops,
        ..History::default()
    }
}

fn called(number: usize, process: u32, place: u32, action: Action) -> Op {
    Op {
        number: number as u64,
        process,
        last: false,
        member: None,
        call: place,
        returned: Op::NEVER,
        call_ns: u64::from(place) * 1000,
        return_ns: u64::MAX,
        request: Operation {
            action,
            concerns: Concerns::LINEARIZABLE,
            causal: true,
        },
        completion: Completion::Info(String::new()),
    }
}

/// Spoils what a read saw; `false` when there is nothing to forget.
fn forget(observed: &mut Observed) -> bool {
    match observed {
        Observed::Elements(elements) if elements.len() > 40 => {
            elements.remove(0);
            true
        }
        Observed::Register(value) if value.is_some_and(|value| value > 100) => {
            *value = None;
            true
        }
        Observed::Count(count) if *count > 100 => {
            *count -= 100;
            true
        }
        _ => false,
    }
}

struct World {
    family: Family,
    dice: ChaCha8Rng,
    key: Key,
    changes: u32,
    written: Value,
    elements: Vec<Vec<Value>>,
    registers: Vec<Option<Value>>,
    count: i64,
}

impl World {
    fn ask(&mut self) -> Action {
        let (key, reads) = (self.key, self.below(100));
        match self.family {
            Family::Lists if reads < 50 => Action::ReadList { key },
            Family::Lists => {
                let (key, value) = self.change(CHANGES_MAX[0]);
                Action::Append { key, value }
            }
            Family::Sets if reads < 1 => Action::ReadSet { key },
            Family::Sets => {
                let (key, value) = self.change(CHANGES_MAX[1]);
                Action::Add { key, value }
            }
            Family::Counters if reads < 50 => Action::ReadCounter { key: 0 },
            Family::Counters => Action::Increment {
                key: 0,
                by: 1 + i64::from(self.below(5)),
            },
            Family::Sessions => {
                let key = self.below(8);
                if reads < 50 {
                    return Action::Read { key };
                }
                self.written += 1;
                Action::Write {
                    key,
                    value: self.written,
                }
            }
        }
    }

    fn change(&mut self, most: u32) -> (Key, Value) {
        if self.changes == most {
            (self.changes, self.key) = (0, self.key + 1);
        }
        self.changes += 1;
        self.written += 1;
        (self.key, self.written)
    }

    fn take_effect(&mut self, action: &Action) -> Observed {
        match *action {
            Action::Append { key, value } | Action::Add { key, value } => {
                self.of(key).push(value);
                Observed::Done
            }
            Action::ReadList { key } | Action::ReadSet { key } => Observed::Elements(self.of(key).clone()),
            Action::Increment { by, .. } => {
                self.count += by;
                Observed::Count(self.count)
            }
            Action::ReadCounter { .. } => Observed::Count(self.count),
            Action::Write { key, value } => {
                self.registers[key as usize] = Some(value);
                Observed::Done
            }
            Action::Read { key } => Observed::Register(self.registers[key as usize]),
            _ => Observed::Done,
        }
    }

    fn of(&mut self, key: Key) -> &mut Vec<Value> {
        let length = self.elements.len().max(key as usize + 1);
        self.elements.resize_with(length, Vec::new);
        &mut self.elements[key as usize]
    }

    fn below(&mut self, bound: u32) -> u32 {
        (self.dice.next_u64() % u64::from(bound.max(1))) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_histories_are_accepted_and_the_flaw_is_found() {
        for (family, _) in FAMILIES {
            let rows = measure_family(family, 6_000, 3);
            for row in &rows {
                assert!(row.is_right(), "{row:?}");
            }
            let found = rows.iter().any(|row| row.flawed.validity == Validity::Invalid);
            assert!(found, "{family:?}: {rows:?}");
        }
    }
}
