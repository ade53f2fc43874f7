//! Followers of the oplog: unique inserts, and readers that follow one member's oplog up to its commit point. What is
//! committed comes in the same order on every member, and stays.

use crate::{
    dice::Dice,
    operation::{Action, Concerns, Key, Operation, ReadPreference},
    workload::{Generator, Parameters, Workload},
};

pub(super) const WORKLOAD: Workload = Workload {
    name: "oplog-tail",
    about: "unique inserts, and followers of each member's committed oplog",
    concerns: Concerns::MAJORITY,
    checks: &["list-append", "no-lost-write", "no-dirty-read"],
    generator: |parameters| Box::new(OplogTail::new(parameters)),
};

/// How many inserts one log takes before a new one is begun.
const INSERTS_MAX: u32 = 48;

struct OplogTail {
    dice: Dice,
    concerns: Concerns,
    members: u8,
    read_percent: u32,
    log: Key,
    /// How many logs back a follower may look.
    memory: u32,
    inserts: u32,
    inserted: i64,
}

impl OplogTail {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        Self {
            read_percent: dice.between(15, 50),
            memory: dice.between(1, 3),
            concerns: parameters.concerns,
            members: parameters.members,
            log: 0,
            inserts: 0,
            inserted: 0,
            dice,
        }
    }

    fn follow(&self, key: Key, member: u8) -> Operation {
        Operation {
            action: Action::ReadLog { key },
            concerns: Concerns {
                preference: ReadPreference::Member(member),
                ..Concerns::MAJORITY
            },
            causal: false,
        }
    }
}

impl Generator for OplogTail {
    fn next(&mut self, _process: u32) -> Operation {
        if self.dice.percent(self.read_percent) {
            let member = self.dice.below(self.members.into()) as u8;
            let back = self.dice.below(self.memory);
            return self.follow(self.log.saturating_sub(back), member);
        }
        if self.inserts == INSERTS_MAX {
            self.inserts = 0;
            self.log += 1;
        }
        self.inserts += 1;
        self.inserted += 1;
        Operation {
            action: Action::Log {
                key: self.log,
                value: self.inserted,
            },
            concerns: self.concerns,
            causal: false,
        }
    }

    fn final_reads(&mut self) -> Vec<Operation> {
        let members = 0..self.members;
        let all = members.flat_map(|member| (0..=self.log).map(move |key| (key, member)));
        all.map(|(key, member)| self.follow(key, member)).collect()
    }
}
