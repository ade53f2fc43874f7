//! Bulk inserts: many unique values in one request, which may end in the middle.

use super::{hot_keys::HotKeys, register::final_reads};
use crate::{
    dice::Dice,
    operation::{Action, Concerns, Operation},
    workload::{Generator, Parameters, Workload},
};

pub(super) const WORKLOAD: Workload = Workload {
    name: "bulk-insert",
    about: "many unique inserts in one request, read back from every member at the end",
    concerns: Concerns::MAJORITY,
    checks: &["no-lost-write", "no-dirty-read", "subset-chain"],
    generator: |parameters| Box::new(BulkInsert::new(parameters)),
};

/// The set workload has the keys below.
const FIRST_KEY: u32 = 100;

/// Most values of one request: whole reads grow with all of them.
const VALUES_MAX: u32 = 12;

struct BulkInsert {
    dice: Dice,
    keys: HotKeys,
    concerns: Concerns,
    members: u8,
    read_percent: u32,
    added: i64,
}

impl BulkInsert {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        Self {
            keys: HotKeys::draw(&mut dice, 1, 4).from(FIRST_KEY),
            read_percent: dice.between(1, 12),
            concerns: parameters.concerns,
            members: parameters.members,
            added: 0,
            dice,
        }
    }
}

impl Generator for BulkInsert {
    fn next(&mut self, _process: u32) -> Operation {
        let key = self.keys.next(&mut self.dice);
        let action = if self.dice.percent(self.read_percent) {
            Action::ReadSet { key }
        } else {
            let first = self.added + 1;
            self.added += i64::from(self.dice.between(2, VALUES_MAX));
            Action::AddMany {
                key,
                values: (first..=self.added).collect(),
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
