//! All registers of a history as one object.

use std::cell::RefCell;

use workloads::operation::{Key, Value};

use crate::{
    checks::linearizable::{FastMap, FastSet, Model, Role, Timed},
    history::foreign::RegisterStep,
};

/// States and transactions by number; 0 is the state before the first transaction.
#[derive(Debug)]
pub(super) struct RegistersModel<'a> {
    /// What each transaction does.
    transactions: Vec<&'a [RegisterStep]>,
    /// Keys to their places in a state.
    places: FastMap<Key, usize>,
    initial: Option<Value>,
    states: RefCell<States>,
}

#[derive(Debug, Default)]
struct States {
    all: Vec<State>,
    numbers: FastMap<State, u32>,
}

/// What each register holds.
type State = std::rc::Rc<[Option<Value>]>;

impl<'a> RegistersModel<'a> {
    /// The object of these transactions.
    pub(super) fn new(transactions: Vec<&'a [RegisterStep]>, initial: Option<Value>) -> Self {
        let mut places: FastMap<Key, usize> = FastMap::default();
        for step in transactions.iter().copied().flatten() {
            let next = places.len();
            places.entry(key(step)).or_insert(next);
        }
        let mut states = States::default();
        states.number(vec![initial; places.len()].into());
        Self {
            transactions,
            places,
            initial,
            states: RefCell::new(states),
        }
    }

    fn steps(&self, effect: u32) -> &'a [RegisterStep] {
        self.transactions[effect as usize]
    }

    /// Final writes: what others can see.
    fn left_by(&self, effect: u32) -> Vec<(Key, Value)> {
        let mut left: Vec<(Key, Value)> = Vec::new();
        for step in self.steps(effect) {
            if let RegisterStep::Write { key, value } = *step {
                left.retain(|(written, _)| *written != key);
                left.push((key, value));
            }
        }
        left
    }

    /// What it must find there: reads of what it has not written itself.
    fn needed_by(&self, effect: u32) -> Vec<(Key, Option<Value>)> {
        let mut own: Vec<Key> = Vec::new();
        let mut needed = Vec::new();
        for step in self.steps(effect) {
            match *step {
                RegisterStep::Write { key, .. } => own.push(key),
                RegisterStep::Read { key, found } if !own.contains(&key) => needed.push((key, found)),
                RegisterStep::Read { .. } => {}
            }
        }
        needed
    }

    /// Whether its reads agree among themselves, and with its own writes.
    fn agrees_with_itself(&self, effect: u32) -> bool {
        let mut known: FastMap<Key, Option<Value>> = FastMap::default();
        self.steps(effect).iter().all(|step| match *step {
            RegisterStep::Write { key, value } => {
                known.insert(key, Some(value));
                true
            }
            RegisterStep::Read { key, found } => *known.entry(key).or_insert(found) == found,
        })
    }
}

impl States {
    fn number(&mut self, state: State) -> u32 {
        if let Some(number) = self.numbers.get(&state) {
            return *number;
        }
        let number = u32::try_from(self.all.len()).expect("fewer states than memory");
        self.all.push(state.clone());
        self.numbers.insert(state, number);
        number
    }
}

impl Model for RegistersModel<'_> {
    type State = u32;
    type Effect = u32;

    fn initial(&self) -> u32 {
        0
    }

    fn step(&self, state: u32, effect: u32) -> Option<u32> {
        let before = self.states.borrow().all[state as usize].clone();
        let mut after: Option<Vec<Option<Value>>> = None;
        for step in self.steps(effect) {
            let place = self.places[&key(step)];
            match *step {
                RegisterStep::Write { value, .. } => {
                    after.get_or_insert_with(|| before.to_vec())[place] = Some(value);
                }
                RegisterStep::Read { found, .. } => {
                    let held = after.as_ref().map_or(before[place], |after| after[place]);
                    if held != found {
                        return None;
                    }
                }
            }
        }
        Some(after.map_or(state, |after| self.states.borrow_mut().number(after.into())))
    }

    fn role(&self, effect: u32) -> Role {
        let looks = |step: &RegisterStep| matches!(step, RegisterStep::Read { .. });
        if self.steps(effect).iter().all(looks) {
            Role::Observation
        } else {
            Role::Mutation
        }
    }

    /// Several states have what it reads.
    fn wanted(&self, _effect: u32) -> Option<u32> {
        None
    }

    /// One that contradicts itself, or read what nobody left.
    fn impossible(&self, ops: &[Timed<u32>]) -> Option<u32> {
        let left = ops.iter().flat_map(|op| self.left_by(op.effect));
        let left: FastSet<(Key, Value)> = left.collect();
        let is_possible = |effect: u32| {
            let reads_right = |(key, found): &(Key, Option<Value>)| {
                *found == self.initial || found.is_some_and(|value| left.contains(&(*key, value)))
            };
            self.agrees_with_itself(effect) && self.needed_by(effect).iter().all(reads_right)
        };
        let impossible = (0u32..).zip(ops).filter(|(_, op)| !is_possible(op.effect));
        impossible
            .min_by_key(|(_, op)| op.returned)
            .map(|(position, _)| position)
    }

    /// One of which nothing was seen only overwrites, which helps nobody.
    fn usefulness(&self, ops: &[Timed<u32>]) -> Box<dyn Fn(u32) -> bool> {
        let mut seen: FastSet<(Key, Option<Value>)> = FastSet::default();
        for op in ops {
            seen.extend(self.needed_by(op.effect));
        }
        let useful: Vec<bool> = (0..self.transactions.len() as u32)
            .map(|effect| {
                let mut left = self.left_by(effect).into_iter();
                left.any(|(key, value)| seen.contains(&(key, Some(value))))
            })
            .collect();
        Box::new(move |effect| useful[effect as usize])
    }
}

const fn key(step: &RegisterStep) -> Key {
    match step {
        RegisterStep::Write { key, .. } | RegisterStep::Read { key, .. } => *key,
    }
}
