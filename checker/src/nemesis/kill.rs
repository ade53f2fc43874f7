//! kill -9, as often of the primary as of anyone.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    targets,
    view::View,
};

/// Kills and restarts: elections, recovery from the journal, rollback of what only the dead primary had.
pub const NEMESIS: Nemesis = Nemesis {
    name: "kill",
    about: "kill -9 of the primary, of one member, or of as many as the quorum budget allows; then restart",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    targets::strike(dice, view, |members| Fault::Kill { members })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::{Condition, QuorumBudget};

    #[test]
    fn never_kills_a_majority_within_the_budget() {
        let mut dice = Dice::new(1, "kill");
        let view = View::healthy(5, QuorumBudget::KeepMajority);
        for _ in 0..200 {
            let faults = plan(&mut dice, &view);
            assert_eq!(faults.len(), 1);
            assert!((1..=2).contains(&faults[0].members().len()));
        }
    }

    #[test]
    fn does_nothing_when_the_budget_is_spent() {
        let mut view = View::healthy(3, QuorumBudget::KeepMajority);
        view.members[2].condition = Condition::Paused;
        assert_eq!(plan(&mut Dice::new(1, "kill"), &view), Vec::new());
    }

    #[test]
    fn kills_the_primary_and_others() {
        let mut dice = Dice::new(2, "kill");
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        let struck: Vec<u8> = (0..100)
            .flat_map(|_| plan(&mut dice, &view)[0].members())
            .collect();
        assert!(struck.iter().filter(|member| **member == 0).count() > 30);
        assert!(struck.contains(&1) && struck.contains(&2));
    }
}
