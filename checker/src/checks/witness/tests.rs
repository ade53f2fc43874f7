//! Random small histories of every kind, spoiled: each witness refutes alone, and nothing of it can be left out.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use workloads::operation::{Action, Completion, Concerns, Observed, Operation, Value};

use super::Projection;
use crate::{
    checks::{Budget, CHECKS, Validity, judge},
    history::{History, Op},
};

/// What must have been found at least once, so that the test says something of it.
const EXPECTED: [(&str, &[&str]); 10] = [
    (
        "list-append",
        &[
            "G1a",
            "incompatible-order",
            "duplicate-elements",
            "phantom-element",
            "G-single-realtime",
        ],
    ),
    (
        "no-lost-write",
        &[
            "lost-write",
            "duplicate-element",
            "phantom-element",
            "refused-write-appeared",
            "future-read",
        ],
    ),
    ("no-dirty-read", &["aborted-read", "rolled-back-read"]),
    ("subset-chain", &["contradicting-snapshots"]),
    ("causal-order", &["forgotten-write", "causal-gap"]),
    (
        "session-guarantees",
        &[
            "read-your-writes",
            "monotonic-reads",
            "monotonic-writes",
            "writes-follow-reads",
        ],
    ),
    (
        "counter",
        &[
            "counted-twice",
            "lost-increment",
            "lost-update",
            "count-went-back",
        ],
    ),
    (
        "queue",
        &[
            "taken-twice",
            "phantom-job",
            "refused-job-appeared",
            "future-job",
            "lost-job",
        ],
    ),
    ("unique-claims", &["claimed-twice", "refused-without-owner"]),
    ("monotonic-timestamps", &["same-time", "time-went-back"]),
];

#[test]
fn each_witness_refutes_alone_and_nothing_of_it_can_be_left_out() {
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for seed in 0..rounds(12_000) {
        let history = World::play(seed);
        for check in CHECKS.iter().filter(|check| check.name != "linearizable") {
            let verdict = judge(&history, &[check.name], &Budget::default()).remove(0);
            let projection = Projection::of(&history, &verdict.anomalies);
            let refutes = |kept: &BTreeSet<u64>| {
                let verdict = (check.run)(&projection.only(kept), &Budget::default());
                verdict.validity == Validity::Invalid
            };
            for anomaly in &verdict.anomalies {
                let witness: BTreeSet<u64> = anomaly.operations.iter().copied().collect();
                let context = || format!("seed {seed}, {}: {anomaly:?}\n{:#?}", check.name, history.ops);
                assert!(refutes(&witness), "does not refute alone: {}", context());
                for left_out in &witness {
                    let mut rest = witness.clone();
                    rest.remove(left_out);
                    assert!(!refutes(&rest), "{left_out} can be left out: {}", context());
                }
                found.entry(check.name).or_default().insert(anomaly.kind.clone());
            }
        }
    }
    for (check, kinds) in EXPECTED {
        for kind in kinds {
            assert!(
                found.get(check).is_some_and(|found| found.contains(*kind)),
                "{check}: {kind} never occurred, only {:?}",
                found.get(check)
            );
        }
    }
}

/// `PROPERTY_FACTOR=20` judges more.
fn rounds(usual: u64) -> u64 {
    let factor = std::env::var("PROPERTY_FACTOR").ok();
    usual * factor.and_then(|factor| factor.parse().ok()).unwrap_or(1)
}

/// One copy of everything, four clients, and some lies in the end.
pub(in crate::checks) struct World {
    dice: ChaCha8Rng,
    family: u64,
    place: u32,
    ops: Vec<Op>,
    values: BTreeMap<u32, Vec<Value>>,
    sum: i64,
    names: BTreeSet<Value>,
    time: u64,
}

impl World {
    pub(in crate::checks) fn play(seed: u64) -> History {
        let mut world = Self {
            dice: ChaCha8Rng::seed_from_u64(seed),
            family: seed % 6,
            place: 1,
            ops: Vec::new(),
            values: BTreeMap::new(),
            sum: 0,
            names: BTreeSet::new(),
            time: 100,
        };
        let mut clients: [Option<(usize, bool)>; 4] = [None; 4];
        let mut processes = [1, 2, 3, 4];
        let mut left = 5 + world.below(8);
        while left > 0 || clients.iter().any(Option::is_some) {
            let client = world.below(4) as usize;
            match clients[client] {
                None if left > 0 => {
                    left -= 1;
                    let action = world.draw();
                    let at = world.call(processes[client], action, false);
                    match world.below(12) {
                        0 => {
                            if world.below(2) == 0 {
                                drop(world.take_effect(at));
                            }
                            processes[client] += 4;
                        }
                        1 => {
                            world.returns(at, Completion::Fail("refused".to_owned()));
                        }
                        _ => clients[client] = Some((at, false)),
                    }
                }
                None => {}
                Some((at, false)) => {
                    let seen = world.take_effect(at);
                    world.ops[at].completion = Completion::Ok(seen);
                    clients[client] = Some((at, true));
                }
                Some((at, true)) => {
                    let completion = world.ops[at].completion.clone();
                    world.returns(at, completion);
                    clients[client] = None;
                }
            }
        }
        for action in world.last_looks() {
            let at = world.call(99, action, true);
            let seen = world.take_effect(at);
            world.returns(at, Completion::Ok(seen));
        }
        for _ in 0..1 + world.below(2) {
            world.lie();
        }
        History {
            ops: world.ops,
            ..History::default()
        }
    }

    fn draw(&mut self) -> Action {
        let value = self.ops.len() as Value + 1;
        let key = self.below(2) as u32;
        let look = self.below(2) == 0;
        match (self.family, look) {
            (0, true) => Action::Read { key },
            (0, false) if self.below(4) == 0 => Action::Cas {
                key,
                expect: self.values.get(&key).and_then(|all| all.last().copied()),
                value,
            },
            (0, false) => Action::Write { key, value },
            (1, true) => Action::ReadSet { key: 0 },
            (1, false) if self.below(3) == 0 => Action::AddMany {
                key: 0,
                values: vec![value * 100, value * 100 + 1],
            },
            (1, false) => Action::Add { key: 0, value },
            (2, true) => Action::ReadList { key },
            (2, false) if self.below(3) == 0 => Action::AppendMany {
                keys: vec![0, 1],
                value,
            },
            (2, false) => Action::Append { key, value },
            (3, true) => Action::ReadCounter { key: 0 },
            (3, false) => {
                let mut by = 1 + self.below(3) as i64;
                if self.below(20) == 0 {
                    by = -by;
                }
                Action::Increment { key: 0, by }
            }
            (4, true) => Action::Dequeue { key: 0 },
            (4, false) => Action::Enqueue { key: 0, value },
            (_, true) => Action::Claim {
                key: 0,
                value: 1 + self.below(3) as Value,
            },
            (_, false) => Action::Stamp { key: 0, value },
        }
    }

    fn last_looks(&self) -> Vec<Action> {
        match self.family {
            0 => vec![Action::Read { key: 0 }, Action::Read { key: 1 }],
            1 => vec![Action::ReadSet { key: 0 }],
            2 => vec![Action::ReadList { key: 0 }, Action::ReadList { key: 1 }],
            3 => vec![Action::ReadCounter { key: 0 }],
            4 => {
                let left = self.values.get(&0).map_or(0, Vec::len);
                vec![Action::Dequeue { key: 0 }; left + 1]
            }
            _ => Vec::new(),
        }
    }

    fn call(&mut self, process: u32, action: Action, last: bool) -> usize {
        let causal = self.family < 2 && process < 99;
        let concerns = if causal || (self.family == 2 && self.below(2) == 0) {
            Concerns::MAJORITY
        } else {
            Concerns::LINEARIZABLE
        };
        self.ops.push(Op {
            number: self.ops.len() as u64,
            process,
            last,
            member: None,
            call: self.place,
            returned: Op::NEVER,
            call_ns: u64::from(self.place) * 1000,
            return_ns: u64::MAX,
            request: Operation {
                action,
                concerns,
                causal,
            },
            completion: Completion::Info("time-out".to_owned()),
        });
        self.place += 1;
        self.ops.len() - 1
    }

    fn returns(&mut self, at: usize, completion: Completion) {
        self.ops[at].completion = completion;
        self.ops[at].returned = self.place;
        self.ops[at].return_ns = u64::from(self.place) * 1000;
        self.place += 1;
    }

    fn take_effect(&mut self, at: usize) -> Observed {
        let action = self.ops[at].request.action.clone();
        let held = self.values.entry(action.key()).or_default();
        match action {
            Action::Read { .. } => Observed::Register(held.last().copied()),
            Action::Write { value, .. } | Action::Add { value, .. } | Action::Append { value, .. } => {
                held.push(value);
                Observed::Done
            }
            Action::Enqueue { value, .. } => {
                held.push(value);
                Observed::Done
            }
            Action::Cas { expect, value, .. } => {
                let was = held.last().copied();
                let swapped = was == expect;
                if swapped {
                    held.push(value);
                }
                Observed::Swapped { was, swapped }
            }
            Action::AddMany { values, .. } => {
                held.extend(values);
                Observed::Done
            }
            Action::AppendMany { keys, value } => {
                for key in keys {
                    self.values.entry(key).or_default().push(value);
                }
                Observed::Done
            }
            Action::Dequeue { .. } => Observed::Job((!held.is_empty()).then(|| held.remove(0))),
            Action::Increment { by, .. } => {
                self.sum += by;
                Observed::Count(self.sum)
            }
            Action::ReadCounter { .. } => Observed::Count(self.sum),
            Action::Claim { value, .. } => {
                if self.names.insert(value) {
                    Observed::Done
                } else {
                    Observed::Taken
                }
            }
            Action::Stamp { .. } => {
                self.time += 1;
                Observed::Stamped(self.time)
            }
            _ => Observed::Elements(held.clone()),
        }
    }

    /// One reply becomes another one.
    fn lie(&mut self) {
        let replies: Vec<usize> = (0..self.ops.len())
            .filter(|at| {
                self.ops[*at]
                    .observed()
                    .is_some_and(|seen| *seen != Observed::Done || self.family == 5)
            })
            .collect();
        if replies.is_empty() {
            return;
        }
        let at = replies[self.below(replies.len() as u64) as usize];
        let any = 1 + self.below(self.ops.len() as u64 + 1) as Value;
        let (first, second) = (self.below(8) as usize, self.below(8) as usize);
        let choice = self.below(5);
        let Completion::Ok(seen) = &mut self.ops[at].completion else {
            return;
        };
        match seen {
            Observed::Register(found) => *found = (choice > 0).then_some(any),
            Observed::Elements(elements) | Observed::Unordered(elements) if elements.is_empty() => {
                elements.push(any)
            }
            Observed::Elements(elements) | Observed::Unordered(elements) => {
                let length = elements.len();
                match choice {
                    0 => drop(elements.remove(first % length)),
                    1 => elements.truncate(first % length),
                    2 => elements.swap(first % length, second % length),
                    3 => elements.push(elements[first % length]),
                    _ => elements.push(any),
                }
            }
            Observed::Count(count) => *count += [-2, -1, 1, 2, 5][choice as usize],
            Observed::Job(job) => *job = (choice > 0).then_some(any),
            Observed::Done => *seen = Observed::Taken,
            Observed::Taken => *seen = Observed::Done,
            Observed::Stamped(time) => *time = (*time + 3 - choice).max(1),
            Observed::Swapped { .. } | Observed::Refused => {}
        }
        if matches!(self.ops[at].request.action, Action::Stamp { .. })
            && !matches!(self.ops[at].observed(), Some(Observed::Stamped(_)))
        {
            self.ops[at].completion = Completion::Ok(Observed::Stamped(self.time));
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.dice.next_u64() % bound
    }
}
