//! Registers that change by compare-and-set most of the time: nearly every version names the one before it.
//!
//! Chains of compare-and-sets leave no slack: two successors of one value, or a read of a value that was swapped away, are
//! contradictions of two or three operations.

use super::{hot_keys::HotKeys, register::final_reads};
use crate::{
    dice::Dice,
    operation::{Action, Concerns, Operation, Value},
    workload::{Generator, Parameters, Workload},
};

pub(super) const WORKLOAD: Workload = Workload {
    name: "cas-register",
    about: "chains of compare-and-set by find-and-modify on a few hot documents",
    concerns: Concerns::LINEARIZABLE,
    checks: &["linearizable", "no-dirty-read", "session-guarantees"],
    generator: |parameters| Box::new(CasRegister::new(parameters)),
};

/// The workloads register and causal-session have the keys below.
const FIRST_KEY: u32 = 2_000;

struct CasRegister {
    dice: Dice,
    keys: HotKeys,
    concerns: Concerns,
    members: u8,
    read_percent: u32,
    /// Plain writes: a chain that two clients broke goes on from one of them.
    write_percent: u32,
    /// Compare-and-sets that expect a value of long ago, and must not match.
    stale_percent: u32,
    written: Value,
    chains: Vec<Chain>,
}

/// What is expected of one register, as far as a generator can know.
#[derive(Clone, Default)]
struct Chain {
    newest: Option<Value>,
    old: Option<Value>,
}

impl CasRegister {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        let keys = HotKeys::draw(&mut dice, 1, 4).from(FIRST_KEY);
        Self {
            read_percent: dice.between(25, 45),
            write_percent: dice.between(8, 16),
            stale_percent: dice.between(5, 20),
            chains: vec![Chain::default(); keys.all().len()],
            keys,
            concerns: parameters.concerns,
            members: parameters.members,
            written: 0,
            dice,
        }
    }
}

impl Generator for CasRegister {
    fn next(&mut self, _process: u32) -> Operation {
        let key = self.keys.next(&mut self.dice);
        let roll = self.dice.below(100);
        let is_stale = self.dice.percent(self.stale_percent);
        let chain = &mut self.chains[(key - FIRST_KEY) as usize];
        let action = if roll < self.read_percent {
            Action::Read { key }
        } else {
            self.written += 1;
            let value = self.written;
            if roll < self.read_percent + self.write_percent {
                *chain = Chain {
                    newest: Some(value),
                    old: chain.newest,
                };
                Action::Write { key, value }
            } else if is_stale {
                let expect = chain.old;
                Action::Cas { key, expect, value }
            } else {
                let expect = chain.newest.replace(value);
                Action::Cas { key, expect, value }
            }
        };
        Operation {
            action,
            concerns: self.concerns,
            causal: false,
        }
    }

    fn final_reads(&mut self) -> Vec<Operation> {
        final_reads(self.keys.all(), self.concerns, self.members, |key| Action::Read {
            key,
        })
    }
}
