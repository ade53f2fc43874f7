//! Lists: unique values are appended, whole lists are read. A list tells the order of its own writes, so the
//! check is linear in what was read.

use super::{hot_keys::HotKeys, register::final_reads};
use crate::{
    dice::Dice,
    operation::{Action, Concerns, Key, Operation},
    workload::{Generator, Parameters, Workload},
};

pub(super) const WORKLOAD: Workload = Workload {
    name: "list-append",
    about: "unique appends to lists, and reads of whole lists",
    concerns: Concerns::LINEARIZABLE,
    checks: &["list-append", "no-lost-write", "no-dirty-read"],
    generator: |parameters| Box::new(ListAppend::new(parameters)),
};

/// A list is left after so many appends, which bounds what its reads cost.
const APPENDS_MAX: u32 = 200;

struct ListAppend {
    dice: Dice,
    keys: HotKeys,
    /// For each slot of `keys`: the list it stands for, and how often it was appended to.
    lists: Vec<(Key, u32)>,
    next_list: Key,
    concerns: Concerns,
    members: u8,
    read_percent: u32,
    appended: i64,
}

impl ListAppend {
    fn new(parameters: Parameters) -> Self {
        let mut dice = Dice::new(parameters.seed, WORKLOAD.name);
        let keys = HotKeys::draw(&mut dice, 2, 5);
        let lists: Vec<(Key, u32)> = keys.all().map(|key| (key, 0)).collect();
        Self {
            next_list: keys.all().end,
            lists,
            keys,
            read_percent: dice.between(30, 60),
            concerns: parameters.concerns,
            members: parameters.members,
            appended: 0,
            dice,
        }
    }
}

impl Generator for ListAppend {
    fn next(&mut self, _process: u32) -> Operation {
        let slot = self.keys.next(&mut self.dice) as usize;
        let action = if self.dice.percent(self.read_percent) {
            Action::ReadList {
                key: self.lists[slot].0,
            }
        } else {
            if self.lists[slot].1 == APPENDS_MAX {
                self.lists[slot] = (self.next_list, 0);
                self.next_list += 1;
            }
            self.lists[slot].1 += 1;
            self.appended += 1;
            Action::Append {
                key: self.lists[slot].0,
                value: self.appended,
            }
        };
        Operation {
            action,
            concerns: self.concerns,
            causal: false,
        }
    }

    fn final_reads(&mut self) -> Vec<Operation> {
        final_reads(0..self.next_list, self.concerns, self.members, |key| {
            Action::ReadList { key }
        })
    }
}
