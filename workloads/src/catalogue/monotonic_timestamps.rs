//! Writes that ask for the server's operation time, while clocks are disturbed.

use super::hot_keys::HotKeys;
use crate::{
    dice::Dice,
    operation::{Action, Concerns, Operation},
    workload::{Generator, Parameters, Workload},
};

pub(super) const WORKLOAD: Workload = Workload {
    name: "monotonic-timestamps",
    about: "writes whose operation times must rise in real time",
    concerns: Concerns::MAJORITY,
    checks: &["monotonic-timestamps"],
    generator: |parameters| Box::new(MonotonicTimestamps::new(parameters)),
};

struct MonotonicTimestamps {
    dice: Dice,
    keys: HotKeys,
    concerns: Concerns,
    written: i64,
}

impl MonotonicTimestamps {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        Self {
            keys: HotKeys::draw(&mut dice, 2, 4),
            concerns: parameters.concerns,
            written: 0,
            dice,
        }
    }
}

impl Generator for MonotonicTimestamps {
    fn next(&mut self, _process: u32) -> Operation {
        self.written += 1;
        let action = Action::Stamp {
            key: self.keys.next(&mut self.dice),
            value: self.written,
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
