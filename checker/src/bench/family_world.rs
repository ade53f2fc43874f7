//! Long histories of every kind: one copy of the data, clients that call, take effect and return at drawn times, and at
//! most one flaw.

use std::collections::{BTreeSet, VecDeque};

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use workloads::operation::{Action, Completion, Concerns, Key, Observed, Operation, Value};

use super::families::{Family, Spoiled};
use crate::history::{History, Op};

/// Clients of a generated history.
const CLIENTS: usize = 30;
/// Changes to one list or set before the next one begins.
const CHANGES_MAX: [u32; 2] = [48, 1_000];
/// How many clients claim one name, about.
const CLAIMS_EACH: Value = 3;
/// How far a spoiled time goes back.
const BACK: u64 = 1_000;

/// One copy of the data; each client calls, takes effect and returns at drawn times.
pub(crate) fn generate_family(
    family: Family,
    operations: u32,
    seed: u64,
    spoiled: Option<Spoiled>,
) -> History {
    let mut world = World {
        family,
        dice: ChaCha8Rng::seed_from_u64(seed),
        key: 0,
        changes: 0,
        written: 0,
        elements: Vec::new(),
        registers: vec![None; 8],
        count: 0,
        jobs: VecDeque::new(),
        names: BTreeSet::new(),
    };
    // Others must have looked before, or nothing contradicts what forgets.
    let remembered = CHANGES_MAX[usize::from(family == Family::Sets)] as usize * 2 / 3;
    let mut ops: Vec<Op> = Vec::with_capacity(operations as usize);
    let mut clients: Vec<Option<(usize, bool)>> = vec![None; CLIENTS];
    let (mut place, mut busy) = (0, 0);
    let mut flaw = (spoiled == Some(Spoiled::Reply)).then_some(operations / 10 * 7);
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
                let spoil = flaw.is_some_and(|from| at >= from as usize) && forget(&mut observed, remembered);
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
    let mut flaw = spoiled == Some(Spoiled::LastLook);
    for action in world.last_looks() {
        let mut observed = world.take_effect(&action);
        flaw = flaw && !forget(&mut observed, remembered);
        let mut look = called(ops.len(), CLIENTS as u32, place, action);
        (look.last, look.completion) = (true, Completion::Ok(observed));
        (look.returned, look.return_ns) = (place + 1, u64::from(place + 1) * 1000);
        place += 2;
        ops.push(look);
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

/// Makes a reply one of an older state; `false` when that would not show.
fn forget(observed: &mut Observed, remembered: usize) -> bool {
    match observed {
        Observed::Elements(elements) if elements.len() > remembered => {
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
        // Queues are first in, first out: the job before was taken already.
        Observed::Job(Some(job)) if *job > 1 => {
            *job -= 1;
            true
        }
        Observed::Taken => {
            *observed = Observed::Done;
            true
        }
        Observed::Stamped(time) if *time > BACK => {
            *time -= BACK;
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
    /// Of the counter, or the newest operation time.
    count: i64,
    jobs: VecDeque<Value>,
    names: BTreeSet<Value>,
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
            Family::Queues if reads < 50 => Action::Dequeue { key: 0 },
            Family::Names => {
                self.written += 1;
                let value = 1 + self.written / CLAIMS_EACH;
                Action::Claim { key: 0, value }
            }
            Family::Queues | Family::Times => {
                self.written += 1;
                let value = self.written;
                if self.family == Family::Queues {
                    Action::Enqueue { key: 0, value }
                } else {
                    Action::Stamp { key: 0, value }
                }
            }
        }
    }

    /// What is asked when all clients have stopped.
    fn last_looks(&self) -> Vec<Action> {
        let keys = 0..self.elements.len() as Key;
        match self.family {
            Family::Lists => keys.map(|key| Action::ReadList { key }).collect(),
            Family::Sets => keys.map(|key| Action::ReadSet { key }).collect(),
            Family::Queues => vec![Action::Dequeue { key: 0 }; self.jobs.len() + 1],
            Family::Counters => vec![Action::ReadCounter { key: 0 }],
            Family::Sessions | Family::Names | Family::Times => Vec::new(),
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
            Action::Enqueue { value, .. } => {
                self.jobs.push_back(value);
                Observed::Done
            }
            Action::Dequeue { .. } => Observed::Job(self.jobs.pop_front()),
            Action::Claim { value, .. } => {
                if self.names.insert(value) {
                    Observed::Done
                } else {
                    Observed::Taken
                }
            }
            Action::Stamp { .. } => {
                self.count += 1;
                Observed::Stamped(self.count as u64)
            }
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
