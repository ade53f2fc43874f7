//! Queues of jobs: put in by inserts, taken by find-and-modify, drained at the end.

use super::hot_keys::HotKeys;
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
    generator: |parameters| Box::new(Queues::new(parameters)),
};

/// How many takes of a queue may fail or find nothing before the final drain is too short to end with an empty queue.
const DRAIN_RESERVE: u32 = 64;

struct Queues {
    dice: Dice,
    keys: HotKeys,
    concerns: Concerns,
    put_percent: u32,
    written: i64,
    /// Puts and takes of each queue.
    counts: Vec<(u32, u32)>,
}

impl Queues {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        let keys = HotKeys::draw(&mut dice, 1, 3);
        Self {
            put_percent: dice.between(36, 48),
            counts: vec![(0, 0); keys.all().len()],
            keys,
            concerns: parameters.concerns,
            written: 0,
            dice,
        }
    }

    const fn ask(&self, action: Action) -> Operation {
        Operation {
            action,
            concerns: self.concerns,
            causal: false,
        }
    }
}

impl Generator for Queues {
    fn next(&mut self, _process: u32) -> Operation {
        let key = self.keys.next(&mut self.dice);
        let is_put = self.dice.percent(self.put_percent);
        let (puts, takes) = &mut self.counts[key as usize];
        let action = if is_put {
            *puts += 1;
            self.written += 1;
            let value = self.written;
            Action::Enqueue { key, value }
        } else {
            *takes += 1;
            Action::Dequeue { key }
        };
        self.ask(action)
    }

    /// Enough takes to empty each queue even if one take in five found nothing.
    fn final_reads(&mut self) -> Vec<Operation> {
        let counts = (0..).zip(&self.counts);
        let takes = counts.flat_map(|(key, (puts, takes))| {
            let left = puts.saturating_sub(takes / 5 * 4) + DRAIN_RESERVE;
            vec![key; left as usize]
        });
        takes.map(|key| self.ask(Action::Dequeue { key })).collect()
    }
}
