//! Causal sessions: majority writes, and majority reads from secondaries, which may lag but never forget.

use super::hot_keys::HotKeys;
use crate::{
    dice::Dice,
    operation::{Action, Concerns, Operation, ReadPreference},
    workload::{Generator, Parameters, Workload},
};

pub(super) const WORKLOAD: Workload = Workload {
    name: "causal-session",
    about: "sessions that write to the primary and read from secondaries",
    concerns: Concerns {
        preference: ReadPreference::Secondary,
        ..Concerns::MAJORITY
    },
    checks: &["causal-order", "session-guarantees", "no-dirty-read"],
    generator: |parameters| Box::new(CausalSession::new(parameters)),
};

/// The register workload has the keys below.
const FIRST_KEY: u32 = 1_000;

struct CausalSession {
    dice: Dice,
    keys: HotKeys,
    concerns: Concerns,
    read_percent: u32,
    written: i64,
}

impl CausalSession {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        Self {
            keys: HotKeys::draw(&mut dice, 1, 4).from(FIRST_KEY),
            read_percent: dice.between(50, 75),
            concerns: parameters.concerns,
            written: 0,
            dice,
        }
    }
}

impl Generator for CausalSession {
    fn next(&mut self, _process: u32) -> Operation {
        let key = self.keys.next(&mut self.dice);
        let action = if self.dice.percent(self.read_percent) {
            Action::Read { key }
        } else {
            self.written += 1;
            Action::Write {
                key,
                value: self.written,
            }
        };
        Operation {
            action,
            concerns: self.concerns,
            causal: true,
        }
    }

    fn final_reads(&mut self) -> Vec<Operation> {
        let concerns = Concerns {
            preference: ReadPreference::Primary,
            ..self.concerns
        };
        let read = |key| Operation {
            action: Action::Read { key },
            concerns,
            causal: true,
        };
        self.keys.all().map(read).collect()
    }
}
