//! Appends to several lists in one request. Each list changes by itself (there is no transaction around them), so each
//! is judged by itself; what is asked is that none is forgotten and none comes twice.

use super::register::final_reads;
use crate::{
    dice::Dice,
    operation::{Action, Concerns, Key, Operation},
    workload::{Generator, Parameters, Workload},
};

pub(super) const WORKLOAD: Workload = Workload {
    name: "across-lists",
    about: "one request appends to several lists; reads of whole lists",
    concerns: Concerns::LINEARIZABLE,
    checks: &["list-append", "no-lost-write", "no-dirty-read"],
    generator: |parameters| Box::new(AcrossLists::new(parameters)),
};

/// Single appends have the lists below.
const FIRST_KEY: Key = 1_000_000;

/// How many requests append to one group of lists before a new group is begun: whole reads stay short.
const REQUESTS_MAX: u32 = 48;

struct AcrossLists {
    dice: Dice,
    concerns: Concerns,
    members: u8,
    read_percent: u32,
    /// How many lists a group has.
    width: u32,
    group: Key,
    requests: u32,
    appended: i64,
}

impl AcrossLists {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        Self {
            width: dice.between(2, 5),
            read_percent: dice.between(30, 60),
            concerns: parameters.concerns,
            members: parameters.members,
            group: FIRST_KEY,
            requests: 0,
            appended: 0,
            dice,
        }
    }

    fn append(&mut self) -> Action {
        if self.requests == REQUESTS_MAX {
            self.requests = 0;
            self.group += self.width;
        }
        self.requests += 1;
        self.appended += 1;
        let first = self.dice.below(self.width);
        let count = self.dice.between(2, self.width);
        let key = |turn: u32| self.group + (first + turn) % self.width;
        Action::AppendMany {
            keys: (0..count).map(key).collect(),
            value: self.appended,
        }
    }
}

impl Generator for AcrossLists {
    fn next(&mut self, _process: u32) -> Operation {
        let action = if self.dice.percent(self.read_percent) {
            Action::ReadList {
                key: self.group + self.dice.below(self.width),
            }
        } else {
            self.append()
        };
        Operation {
            action,
            concerns: self.concerns,
            causal: false,
        }
    }

    fn final_reads(&mut self) -> Vec<Operation> {
        let lists = FIRST_KEY..self.group + self.width;
        final_reads(lists, self.concerns, self.members, |key| Action::ReadList { key })
    }
}
