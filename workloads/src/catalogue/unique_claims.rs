//! Unique names: several processes insert the same name into a collection with a unique index.

use super::hot_keys::HotKeys;
use crate::{
    dice::Dice,
    operation::{Action, Concerns, Operation},
    workload::{Generator, Parameters, Workload},
};

pub(super) const WORKLOAD: Workload = Workload {
    name: "unique-claims",
    about: "several clients claim the same names under a unique index",
    concerns: Concerns::MAJORITY,
    checks: &["unique-claims"],
    generator: |parameters| Box::new(UniqueClaims::new(parameters)),
};

struct UniqueClaims {
    dice: Dice,
    keys: HotKeys,
    concerns: Concerns,
    /// How often each name is claimed on average.
    rivals: u32,
    claims: u32,
}

impl UniqueClaims {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        Self {
            keys: HotKeys::draw(&mut dice, 1, 2),
            rivals: dice.between(2, 5),
            concerns: parameters.concerns,
            claims: 0,
            dice,
        }
    }
}

impl Generator for UniqueClaims {
    fn next(&mut self, _process: u32) -> Operation {
        self.claims += 1;
        // A window of names moves on: rivals meet, and old names come back now and then.
        let newest = self.claims / self.rivals + 1;
        let name = newest.saturating_sub(self.dice.below(3)).max(1);
        let key = self.keys.next(&mut self.dice);
        let action = Action::Claim {
            key,
            value: i64::from(name),
        };
        Operation {
            action,
            concerns: self.concerns,
            causal: false,
        }
    }

    fn final_reads(&mut self) -> Vec<Operation> {
        Vec::new()
    }
}
