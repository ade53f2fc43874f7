//! Histories of registers with known truth: one copy of the data, clients that call, take effect and return at
//! drawn times, and at most one flaw.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use workloads::operation::{Action, Completion, Concerns, Observed, Operation, Value};

use crate::history::{History, Op};

/// Which values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Each once; reads and writes.
    Unique,
    /// Each once; reads, writes, and compare-and-set that tells the pre-image.
    UniqueCas,
    /// The classic of Jepsen: 0 to `n - 1`; reads, writes, and compare-and-set that only says yes or no.
    Few(u8),
}

/// What is wrong with the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing: it is linearizable by construction.
    None,
    /// At about 70 % one read shows a value overwritten long before (unique values), or never written.
    StaleRead,
    /// One random read shows a random value of its key: often a violation, sometimes not.
    AnyRead,
}

/// What to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Everything random is drawn from it.
    pub seed: u64,
    /// Number of operations, over all keys.
    pub operations: u32,
    /// Number of keys; they are used one after the other.
    pub keys: u32,
    /// Clients, all on the key at hand.
    pub clients: u32,
    /// Share of operations whose end is unknown.
    pub info_percent: u32,
    /// Which values are written.
    pub values: Values,
    /// What is wrong.
    pub flaw: Flaw,
}

/// Makes the history.
pub fn generate(shape: &Shape) -> History {
    let mut world = World {
        dice: ChaCha8Rng::seed_from_u64(shape.seed),
        shape: *shape,
        ops: Vec::with_capacity(shape.operations as usize),
        place: 0,
        next_process: 0,
        written: 0,
    };
    let keys = shape.keys.max(1);
    for key in 0..keys {
        let share = shape.operations / keys + u32::from(key < shape.operations % keys);
        world.play(key, share);
    }
    if shape.flaw != Flaw::None {
        world.spoil();
    }
    History {
        ops: world.ops,
        ..History::default()
    }
}

struct World {
    dice: ChaCha8Rng,
    shape: Shape,
    ops: Vec<Op>,
    place: u32,
    next_process: u32,
    written: Value,
}

/// Where a client stands.
#[derive(Clone, Copy)]
enum Client {
    Idle,
    Called(usize),
    Effective(usize),
}

impl World {
    fn play(&mut self, key: u32, share: u32) {
        let count = self.shape.clients.max(1) as usize;
        let mut clients = vec![Client::Idle; count];
        let mut processes: Vec<u32> = (self.next_process..).take(count).collect();
        self.next_process += self.shape.clients.max(1);
        let mut ghosts: Vec<usize> = Vec::new();
        let mut state: Option<Value> = None;
        let mut recent: Vec<Value> = Vec::new();
        let (mut called, mut busy) = (0, 0u32);
        while called < share || busy > 0 {
            if !ghosts.is_empty() && self.below(count as u32 + 4) == 0 {
                let ghost = ghosts.swap_remove(self.below(ghosts.len() as u32) as usize);
                drop(self.take_effect(ghost, &mut state));
            }
            let at = self.below(count as u32) as usize;
            match clients[at] {
                Client::Idle if called < share => {
                    let position = self.call(key, processes[at], &mut recent);
                    called += 1;
                    if self.below(100) < self.shape.info_percent {
                        self.ops[position].completion = Completion::Info("time-out".to_owned());
                        if self.below(2) == 0 {
                            ghosts.push(position);
                        }
                        processes[at] = self.next_process;
                        self.next_process += 1;
                    } else {
                        clients[at] = Client::Called(position);
                        busy += 1;
                    }
                }
                Client::Idle => {}
                Client::Called(position) => {
                    let observed = self.take_effect(position, &mut state);
                    self.ops[position].completion = Completion::Ok(observed);
                    clients[at] = Client::Effective(position);
                }
                Client::Effective(position) => {
                    self.ops[position].returned = self.place;
                    self.ops[position].return_ns = u64::from(self.place) * 1000;
                    self.place += 1;
                    clients[at] = Client::Idle;
                    busy -= 1;
                }
            }
        }
    }

    fn call(&mut self, key: u32, process: u32, recent: &mut Vec<Value>) -> usize {
        let roll = self.below(100);
        let cas = self.shape.values != Values::Unique;
        let action = if roll < 50 {
            Action::Read { key }
        } else if !cas || roll < 75 {
            Action::Write {
                key,
                value: self.value(recent),
            }
        } else {
            let expect = match self.shape.values {
                Values::Few(few) => Some(Value::from(self.below(few.into()))),
                _ if recent.is_empty() => None,
                _ => Some(recent[self.below(recent.len() as u32) as usize]),
            };
            Action::Cas {
                key,
                expect,
                value: self.value(recent),
            }
        };
        self.ops.push(Op {
            number: self.ops.len() as u64,
            process,
            last: false,
            member: None,
            call: self.place,
            returned: Op::NEVER,
            call_ns: u64::from(self.place) * 1000,
            return_ns: u64::MAX,
            request: Operation {
                action,
                concerns: Concerns::LINEARIZABLE,
                causal: false,
            },
            completion: Completion::Info(String::new()),
        });
        self.place += 1;
        self.ops.len() - 1
    }

    fn value(&mut self, recent: &mut Vec<Value>) -> Value {
        let value = if let Values::Few(few) = self.shape.values {
            Value::from(self.below(few.into()))
        } else {
            self.written += 1;
            self.written
        };
        recent.push(value);
        if recent.len() > 3 {
            recent.remove(0);
        }
        value
    }

    fn take_effect(&self, position: usize, state: &mut Option<Value>) -> Observed {
        match self.ops[position].request.action {
            Action::Write { value, .. } => {
                *state = Some(value);
                Observed::Done
            }
            Action::Cas { expect, value, .. } => {
                let was = *state;
                let swapped = was == expect;
                if swapped {
                    *state = Some(value);
                }
                match self.shape.values {
                    Values::Few(_) if !swapped => Observed::Refused,
                    _ => Observed::Swapped { was, swapped },
                }
            }
            _ => Observed::Register(*state),
        }
    }

    /// Plants the flaw.
    fn spoil(&mut self) {
        let is_read = |op: &Op| matches!(op.completion, Completion::Ok(Observed::Register(_)));
        let reads: Vec<usize> = (0..self.ops.len()).filter(|at| is_read(&self.ops[*at])).collect();
        if reads.is_empty() {
            return;
        }
        if self.shape.flaw == Flaw::AnyRead {
            let read = reads[self.below(reads.len() as u32) as usize];
            let key = self.ops[read].request.action.key();
            let choices: Vec<Option<Value>> = std::iter::once(None)
                .chain(
                    self.ops
                        .iter()
                        .filter(|op| op.request.action.key() == key)
                        .filter_map(written),
                )
                .collect();
            let shown = choices[self.below(choices.len() as u32) as usize];
            self.ops[read].completion = Completion::Ok(Observed::Register(shown));
            return;
        }
        // From 70 % on, the first read of a key on which some value was overwritten before the read was called.
        for read in reads[reads.len() * 7 / 10..].iter().copied() {
            let shown = match self.shape.values {
                Values::Few(few) => Some(Some(Value::from(few))),
                _ => self.overwritten_before(read).map(Some),
            };
            if let Some(shown) = shown {
                self.ops[read].completion = Completion::Ok(Observed::Register(shown));
                return;
            }
        }
    }

    /// A value of a write that had returned before another write was called that had returned before `read` was
    /// called.
    fn overwritten_before(&self, read: usize) -> Option<Value> {
        let (key, call) = (self.ops[read].request.action.key(), self.ops[read].call);
        let later = self.ops[..read].iter().rev().find(|op| {
            op.request.action.key() == key
                && matches!(op.request.action, Action::Write { .. })
                && op.is_ok()
                && op.returned < call
        })?;
        let earlier = self.ops[..read].iter().rev().find(|op| {
            op.request.action.key() == key
                && matches!(op.request.action, Action::Write { .. })
                && op.is_ok()
                && op.returned < later.call
        })?;
        written(earlier).flatten()
    }

    fn below(&mut self, bound: u32) -> u32 {
        (self.dice.next_u64() % u64::from(bound.max(1))) as u32
    }
}

#[expect(
    clippy::option_option,
    reason = "the value of a write, where there is a write; `None` is a value too"
)]
fn written(op: &Op) -> Option<Option<Value>> {
    match op.request.action {
        Action::Write { value, .. } | Action::Cas { value, .. } => Some(Some(value)),
        _ => None,
    }
}
