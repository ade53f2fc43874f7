//! Writes that only the primary acknowledges, and local reads: they may be rolled back, and nothing else may happen
//! to them.

use super::{hot_keys::HotKeys, register::final_reads};
use crate::{
    dice::Dice,
    operation::{Action, Concerns, Operation, ReadConcern, ReadPreference, WriteConcern},
    workload::{Generator, Parameters, Workload},
};

pub(super) const WORKLOAD: Workload = Workload {
    name: "weak-writes",
    about: "inserts with w:1, journaled or not, and local reads from any member",
    concerns: Concerns {
        write: WriteConcern::One,
        read: ReadConcern::Local,
        preference: ReadPreference::Nearest,
    },
    checks: &["no-lost-write", "no-dirty-read", "subset-chain"],
    generator: |parameters| Box::new(WeakWrites::new(parameters)),
};

/// Set, bulk inserts and secondary reads have the keys below.
const FIRST_KEY: u32 = 300;

struct WeakWrites {
    dice: Dice,
    keys: HotKeys,
    concerns: Concerns,
    members: u8,
    read_percent: u32,
    journaled_percent: u32,
    added: i64,
}

impl WeakWrites {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        Self {
            keys: HotKeys::draw(&mut dice, 1, 4).from(FIRST_KEY),
            read_percent: dice.between(2, 10),
            journaled_percent: dice.between(0, 60),
            concerns: parameters.concerns,
            members: parameters.members,
            added: 0,
            dice,
        }
    }
}

impl Generator for WeakWrites {
    fn next(&mut self, _process: u32) -> Operation {
        let key = self.keys.next(&mut self.dice);
        let mut concerns = self.concerns;
        let action = if self.dice.percent(self.read_percent) {
            Action::ReadSet { key }
        } else {
            if concerns.write == WriteConcern::One && self.dice.percent(self.journaled_percent) {
                concerns.write = WriteConcern::OneJournaled;
            }
            self.added += 1;
            Action::Add {
                key,
                value: self.added,
            }
        };
        Operation {
            action,
            concerns,
            causal: false,
        }
    }

    /// At majority: what has survived on one member has survived on all.
    fn final_reads(&mut self) -> Vec<Operation> {
        final_reads(self.keys.all(), Concerns::MAJORITY, self.members, |key| {
            Action::ReadSet { key }
        })
    }
}
