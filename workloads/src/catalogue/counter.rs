//! Counters: increments whose reply tells the new count, and reads.

use super::{hot_keys::HotKeys, register::final_reads};
use crate::{
    dice::Dice,
    operation::{Action, Concerns, Operation},
    workload::{Generator, Parameters, Workload},
};

pub(super) const WORKLOAD: Workload = Workload {
    name: "counter",
    about: "increments of a few counters, each retried under its transaction number until it is told the new count",
    concerns: Concerns::LINEARIZABLE,
    checks: &["counter"],
    generator: |parameters| Box::new(Counter::new(parameters)),
};

struct Counter {
    dice: Dice,
    keys: HotKeys,
    concerns: Concerns,
    members: u8,
    read_percent: u32,
}

impl Counter {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        Self {
            keys: HotKeys::draw(&mut dice, 1, 3),
            read_percent: dice.between(20, 40),
            concerns: parameters.concerns,
            members: parameters.members,
            dice,
        }
    }
}

impl Generator for Counter {
    fn next(&mut self, _process: u32) -> Operation {
        let key = self.keys.next(&mut self.dice);
        let action = if self.dice.percent(self.read_percent) {
            Action::ReadCounter { key }
        } else {
            Action::Increment {
                key,
                by: i64::from(self.dice.between(1, 5)),
            }
        };
        Operation {
            action,
            concerns: self.concerns,
            causal: false,
        }
    }

    fn final_reads(&mut self) -> Vec<Operation> {
        final_reads(self.keys.all(), self.concerns, self.members, |key| {
            Action::ReadCounter { key }
        })
    }
}
