//! A crash at the worst moment: between writing and knowing that it is written.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    targets,
    view::View,
};

/// Crashes at the N-th fsync: recovery of every half-finished step (a vote, a truncation, a rotation of the journal).
pub const NEMESIS: Nemesis = Nemesis {
    name: "crash-at-sync",
    about: "one member is killed at the start of its N-th fsync from now; then restart",
    needs: Needs::Shim,
    plan,
    story: &[],
};

/// Nearest and farthest sync. A member without traffic may never reach a far one.
const COUNT: (u64, u64) = (1, 64);

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let Some(member) = view.with_data(targets::draw(dice, view)).first().copied() else {
        return Vec::new();
    };
    vec![Fault::CrashAtSync {
        member,
        count: dice.exponential(COUNT.0, COUNT.1),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn counts_from_one() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        for seed in 0..50 {
            let faults = plan(&mut Dice::new(seed, "crash"), &view);
            assert!(matches!(&faults[..], [Fault::CrashAtSync { count, .. }] if (1..=64).contains(count)));
        }
    }
}
