//! Registers: read, write, compare-and-set on a few hot documents.
//!
//! Every written value is unique in the run and a compare-and-set tells the pre-image, so that the exact check
//! is near-linear (Gibbons & Korach 1997, extended to chains of compare-and-set).

use super::hot_keys::HotKeys;
use crate::{
    dice::Dice,
    operation::{Action, Concerns, Operation, ReadPreference, Value},
    workload::{Generator, Parameters, Workload},
};

pub(super) const WORKLOAD: Workload = Workload {
    name: "register",
    about: "reads, writes and compare-and-set on a few hot documents",
    concerns: Concerns::LINEARIZABLE,
    checks: &["linearizable", "no-dirty-read", "session-guarantees"],
    generator: |parameters| Box::new(Register::new(parameters)),
};

/// How many values back a compare-and-set may expect: 1 would nearly always match alone and never under
/// contention.
const MEMORY: usize = 3;

struct Register {
    dice: Dice,
    keys: HotKeys,
    concerns: Concerns,
    members: u8,
    read_percent: u32,
    cas_percent: u32,
    written: i64,
    recent: Vec<Vec<Value>>,
}

impl Register {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        let keys = HotKeys::draw(&mut dice, 2, 6);
        Self {
            read_percent: dice.between(35, 60),
            cas_percent: dice.between(10, 25),
            recent: vec![Vec::new(); keys.all().len()],
            keys,
            concerns: parameters.concerns,
            members: parameters.members,
            written: 0,
            dice,
        }
    }

    fn fresh(&mut self, key: u32) -> Value {
        self.written += 1;
        let recent = &mut self.recent[key as usize];
        recent.push(self.written);
        if recent.len() > MEMORY {
            recent.remove(0);
        }
        self.written
    }
}

impl Generator for Register {
    fn next(&mut self, _process: u32) -> Operation {
        let key = self.keys.next(&mut self.dice);
        let roll = self.dice.below(100);
        let action = if roll < self.read_percent {
            Action::Read { key }
        } else if roll < self.read_percent + self.cas_percent {
            let recent = &self.recent[key as usize];
            let expect = match recent.len() {
                0 => None,
                count => Some(recent[self.dice.below(count as u32) as usize]),
            };
            Action::Cas {
                key,
                expect,
                value: self.fresh(key),
            }
        } else {
            Action::Write {
                key,
                value: self.fresh(key),
            }
        };
        Operation {
            action,
            concerns: self.concerns,
            causal: false,
        }
    }

    fn final_reads(&mut self) -> Vec<Operation> {
        final_reads(self.keys.all(), self.concerns, self.members, |key| Action::Read {
            key,
        })
    }
}

/// Each key once with the run's concerns, and once at majority from each member.
pub(super) fn final_reads(
    keys: std::ops::Range<u32>,
    concerns: Concerns,
    members: u8,
    read: impl Fn(u32) -> Action,
) -> Vec<Operation> {
    let strongest = keys.clone().map(|key| (key, concerns));
    let each_member = (0..members).flat_map(|member| {
        let concerns = Concerns {
            preference: ReadPreference::Member(member),
            ..Concerns::MAJORITY
        };
        keys.clone().map(move |key| (key, concerns))
    });
    strongest
        .chain(each_member)
        .map(|(key, concerns)| Operation {
            action: read(key),
            concerns,
            causal: false,
        })
        .collect()
}
