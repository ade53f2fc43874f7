//! Secondary reads: sessions that add at the primary and look at secondaries, causally or not.

use super::{hot_keys::HotKeys, register::final_reads};
use crate::{
    dice::Dice,
    operation::{Action, Concerns, Operation, ReadConcern, ReadPreference},
    workload::{Generator, Parameters, Workload},
};

pub(super) const WORKLOAD: Workload = Workload {
    name: "secondary-reads",
    about: "inserts, majority reads from secondaries in causal sessions, and plain local ones",
    concerns: Concerns {
        preference: ReadPreference::Secondary,
        ..Concerns::MAJORITY
    },
    checks: &["no-lost-write", "causal-order", "no-dirty-read", "subset-chain"],
    generator: |parameters| Box::new(SecondaryReads::new(parameters)),
};

/// Set and bulk inserts have the keys below.
const FIRST_KEY: u32 = 200;

struct SecondaryReads {
    dice: Dice,
    keys: HotKeys,
    concerns: Concerns,
    members: u8,
    read_percent: u32,
    /// Share of the reads that ask for local data, outside of the session.
    plain_percent: u32,
    added: i64,
}

impl SecondaryReads {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        Self {
            keys: HotKeys::draw(&mut dice, 1, 4).from(FIRST_KEY),
            // Whole reads grow with the set.
            read_percent: dice.between(4, 15),
            plain_percent: dice.between(10, 40),
            concerns: parameters.concerns,
            members: parameters.members,
            added: 0,
            dice,
        }
    }
}

impl Generator for SecondaryReads {
    fn next(&mut self, _process: u32) -> Operation {
        let key = self.keys.next(&mut self.dice);
        if !self.dice.percent(self.read_percent) {
            self.added += 1;
            let value = self.added;
            return Operation {
                action: Action::Add { key, value },
                concerns: self.concerns,
                causal: true,
            };
        }
        let plain = self.dice.percent(self.plain_percent);
        let local = Concerns {
            read: ReadConcern::Local,
            ..self.concerns
        };
        Operation {
            action: Action::ReadSet { key },
            concerns: if plain { local } else { self.concerns },
            causal: !plain,
        }
    }

    fn final_reads(&mut self) -> Vec<Operation> {
        final_reads(self.keys.all(), Concerns::MAJORITY, self.members, |key| {
            Action::ReadSet { key }
        })
    }
}
