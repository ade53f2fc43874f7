//! Which calls on a disk go wrong: the same orders that the preload library takes, obeyed where the file system is served.

use super::super::{
    shim_layout::page::DISK_RULES_MAX,
    shim_page::{DiskAction, DiskOrder},
};
use crate::nemesis::dice::Dice;

/// The rules in force on one disk, and what they have done.
#[derive(Debug)]
pub(super) struct Rules {
    slots: [Option<Rule>; DISK_RULES_MAX],
    dice: Dice,
}

#[derive(Clone, Copy, Debug)]
struct Rule {
    order: DiskOrder,
    matched: u64,
    struck: u64,
}

impl Rules {
    /// None yet; which calls they will strike is drawn from `seed`.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            slots: [None; DISK_RULES_MAX],
            dice: Dice::new(seed, "disk rules"),
        }
    }

    /// Puts a rule into a slot, or clears the slot. Its counts start at zero.
    pub(super) fn set(&mut self, slot: usize, order: Option<DiskOrder>) {
        self.slots[slot] = order.map(|order| Rule {
            order,
            matched: 0,
            struck: 0,
        });
    }

    /// Calls that matched the rule in a slot, and those it struck, since it was set.
    pub(super) fn counts(&self, slot: usize) -> (u64, u64) {
        self.slots[slot].map_or((0, 0), |rule| (rule.matched, rule.struck))
    }

    /// Whether any rule speaks of this operation (one of `OPERATION_*`).
    pub(super) fn concern(&self, operation: u64) -> bool {
        let rules = self.slots.iter().flatten();
        rules
            .into_iter()
            .any(|rule| rule.order.operations & operation != 0)
    }

    /// What becomes of a call; nothing special if no rule strikes it. The first rule that strikes decides.
    pub(super) fn strike(&mut self, operation: u64) -> Option<DiskAction> {
        for rule in self.slots.iter_mut().flatten() {
            // Who is killed dies once: calls of its other threads, already on their way, are not counted.
            let done = rule.order.action == DiskAction::Kill && rule.struck > 0;
            if rule.order.operations & operation == 0 || done {
                continue;
            }
            rule.matched += 1;
            if rule.matched > rule.order.skip && self.dice.chance(rule.order.permille) {
                rule.struck += 1;
                return Some(rule.order.action);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

    use super::*;
    use crate::cluster::shim_layout::page::{OPERATION_SYNC, OPERATION_WRITE};

    #[test]
    fn rules_strike_what_they_name_after_what_they_skip() {
        let mut rules = Rules::new(1);
        let order = |operations, action, permille, skip| {
            Some(DiskOrder {
                operations,
                action,
                permille,
                skip,
            })
        };
        rules.set(0, order(OPERATION_SYNC, DiskAction::Kill, 1000, 2));
        rules.set(1, order(OPERATION_WRITE, DiskAction::Fail(Errno::EIO), 500, 0));
        let syncs: Vec<_> = (0..5).map(|_| rules.strike(OPERATION_SYNC)).collect();
        assert_eq!(syncs, [None, None, Some(DiskAction::Kill), None, None]);
        assert_eq!(rules.counts(0), (3, 1));
        let struck = (0..100)
            .filter(|_| rules.strike(OPERATION_WRITE).is_some())
            .count();
        assert!((20..80).contains(&struck), "{struck}");
        assert_eq!(rules.counts(1), (100, struck as u64));
        rules.set(1, None);
        assert!(!rules.concern(OPERATION_WRITE) && rules.concern(OPERATION_SYNC));
        assert_eq!((rules.strike(OPERATION_WRITE), rules.counts(1)), (None, (0, 0)));
    }
}
