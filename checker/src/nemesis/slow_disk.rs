//! A disk that takes its time.

use super::{
    dice::Dice,
    fault::{DiskOperation, Fault},
    nemesis::{Needs, Nemesis},
    view::View,
};

/// Slow disks: a primary that cannot journal in time, a follower that holds the commit point back, elections while a
/// vote is being synced.
pub const NEMESIS: Nemesis = Nemesis {
    name: "slow-disk",
    about: "every fsync or write of one member takes milliseconds to a second longer",
    needs: Needs::Shim,
    plan,
    story: &[],
};

/// Smallest and largest delay.
const DELAY_MS: (u64, u64) = (2, 1000);

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let primary = dice.pick(&view.primaries()).filter(|_| dice.chance(500));
    let Some(member) = primary.or_else(|| dice.pick(&view.with_data(view.running()))) else {
        return Vec::new();
    };
    let operation = if dice.chance(800) {
        DiskOperation::Sync
    } else {
        DiskOperation::Write
    };
    vec![Fault::DiskSlow {
        member,
        operation,
        delay_ms: dice.exponential(DELAY_MS.0, DELAY_MS.1),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn slows_one_that_runs() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        let faults = plan(&mut Dice::new(1, "slow"), &view);
        assert!(matches!(&faults[..], [Fault::DiskSlow { member, .. }] if *member < 3));
    }
}
