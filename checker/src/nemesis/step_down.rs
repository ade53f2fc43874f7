//! The operator's own hand-over.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    view::View,
};

/// Step-downs by command: waiting writes must fail or be kept, never be told "done" and forgotten (SERVER-27534).
pub const NEMESIS: Nemesis = Nemesis {
    name: "step-down",
    about: "replSetStepDown of the primary, and replSetFreeze of a member that might follow it",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

/// Shortest and longest promise not to stand for election.
const SECONDS: (u64, u64) = (1, 4);
/// How often, of 1000 draws, some other member is frozen beside it.
const FREEZE_PERMILLE: u32 = 400;

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let Some(primary) = dice.pick(&view.primaries()) else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    let mut others = view.healthy_members();
    others.retain(|member| *member != primary);
    // One stays free to take over.
    if others.len() > 1
        && dice.chance(FREEZE_PERMILLE)
        && let Some(member) = dice.pick(&others)
    {
        let seconds = dice.between(SECONDS.0, SECONDS.1);
        faults.push(Fault::Freeze { member, seconds });
    }
    faults.push(Fault::StepDown {
        member: primary,
        seconds: dice.between(SECONDS.0, SECONDS.1),
    });
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::{QuorumBudget, Role};

    #[test]
    fn asks_the_primary_and_leaves_somebody_to_follow() {
        let mut view = View::healthy(3, QuorumBudget::KeepMajority);
        let mut dice = Dice::new(1, "step down");
        let drawn: Vec<Vec<Fault>> = (0..50).map(|_| plan(&mut dice, &view)).collect();
        assert!(drawn.iter().any(|faults| faults.len() == 2));
        for faults in drawn {
            assert!(matches!(faults.last(), Some(Fault::StepDown { member: 0, .. })));
            assert!(faults.len() <= 2);
        }
        view.members[0].role = Role::Secondary;
        assert_eq!(plan(&mut dice, &view), Vec::new());
    }
}
