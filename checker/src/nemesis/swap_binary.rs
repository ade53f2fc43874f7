//! A set whose members are not all of the same version.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    targets,
    view::View,
};

/// Upgrades and downgrades in any order: members of two versions talk to each other, and each reads the files that the
/// other has written.
pub const NEMESIS: Nemesis = Nemesis {
    name: "swap-binary",
    about: "SIGTERM, then restart from the other binary (--other-node-binary; the same one again without it)",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    targets::strike(dice, view, |members| Fault::SwapBinary { members })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn swaps_within_the_budget() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        let faults = plan(&mut Dice::new(3, "swap"), &view);
        assert!(matches!(&faults[..], [Fault::SwapBinary { members }] if members.len() == 1));
    }
}
