//! Sets: unique values are inserted, and every member is asked for the whole at the end.

use super::{hot_keys::HotKeys, register::final_reads};
use crate::{
    dice::Dice,
    operation::{Action, Concerns, Operation},
    workload::{Generator, Parameters, Workload},
};

pub(super) const WORKLOAD: Workload = Workload {
    name: "set",
    about: "unique inserts, read back from every member at the end",
    concerns: Concerns::MAJORITY,
    checks: &["no-lost-write", "no-dirty-read", "subset-chain"],
    generator: |parameters| Box::new(Set::new(parameters)),
};

struct Set {
    dice: Dice,
    keys: HotKeys,
    concerns: Concerns,
    members: u8,
    read_percent: u32,
    added: i64,
}

impl Set {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        Self {
            keys: HotKeys::draw(&mut dice, 1, 3),
            // Whole reads grow with the set: few of them keep the history small.
            read_percent: dice.between(1, 4),
            concerns: parameters.concerns,
            members: parameters.members,
            added: 0,
            dice,
        }
    }
}

impl Generator for Set {
    fn next(&mut self, _process: u32) -> Operation {
        let key = self.keys.next(&mut self.dice);
        let action = if self.dice.percent(self.read_percent) {
            Action::ReadSet { key }
        } else {
            self.added += 1;
            Action::Add {
                key,
                value: self.added,
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
            Action::ReadSet { key }
        })
    }
}
