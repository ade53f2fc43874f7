//! A queue of jobs: put in by inserts, taken by find-and-modify, drained at the end.

use crate::{
    dice::Dice,
    operation::{Action, Concerns, Operation},
    workload::{Generator, Parameters, Workload},
};

pub(super) const WORKLOAD: Workload = Workload {
    name: "queue",
    about: "unique jobs put in, each taken once by find-and-modify",
    concerns: Concerns::MAJORITY,
    checks: &["queue"],
    generator: |parameters| Box::new(Queue::new(parameters)),
};

/// How many takes may fail or find nothing before the final drain is too short to end with an empty queue.
const DRAIN_RESERVE: u32 = 64;

struct Queue {
    dice: Dice,
    concerns: Concerns,
    put_percent: u32,
    put: i64,
    takes: u32,
}

impl Queue {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        Self {
            put_percent: dice.between(40, 48),
            concerns: parameters.concerns,
            put: 0,
            takes: 0,
            dice,
        }
    }
}

impl Generator for Queue {
    fn next(&mut self, _process: u32) -> Operation {
        let key = 0;
        let action = if self.dice.percent(self.put_percent) {
            self.put += 1;
            Action::Enqueue { key, value: self.put }
        } else {
            self.takes += 1;
            Action::Dequeue { key }
        };
        Operation {
            action,
            concerns: self.concerns,
            causal: false,
        }
    }

    /// Enough takes to empty the queue even if one take in five found nothing.
    fn final_reads(&mut self) -> Vec<Operation> {
        let put = u32::try_from(self.put).unwrap_or(u32::MAX);
        let left = put.saturating_sub(self.takes / 5 * 4) + DRAIN_RESERVE;
        let take = Operation {
            action: Action::Dequeue { key: 0 },
            concerns: self.concerns,
            causal: false,
        };
        vec![take; left as usize]
    }
}
