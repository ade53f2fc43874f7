//! An operator who changes the set while it works.

use super::{
    dice::Dice,
    fault::{Fault, Member},
    nemesis::{Needs, Nemesis},
    row_change::RowChange,
    view::{Role, View},
};

/// Reconfigurations: what is counted by the old rules must not be believed by the new ones (SERVER-45081 and the proofs
/// behind logless reconfiguration), and a member that comes back must not count before it has the data.
pub const NEMESIS: Nemesis = Nemesis {
    name: "membership",
    about: "one member is removed, loses its vote, or gets another priority; then its row is put back",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

/// How long a reconfiguration is waited for.
const WAIT_MS: u64 = 4_000;
/// How often, of 1000 draws, the member is removed.
const REMOVE_PERMILLE: u32 = 450;
/// How often, of the others, it loses its vote.
const NO_VOTE_PERMILLE: u32 = 400;

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let Some(member) = dice.pick(&healthy_secondaries(view)) else {
        return Vec::new();
    };
    if view.primaries().len() != 1 || view.spare() == 0 {
        return Vec::new();
    }
    vec![Fault::Reconfigure {
        member,
        change: draw(dice),
        wait_ms: WAIT_MS,
    }]
}

/// Any change of a row that keeps a primary in its place, or prefers another one.
fn draw(dice: &mut Dice) -> RowChange {
    if dice.chance(REMOVE_PERMILLE) {
        return RowChange::Remove;
    }
    if dice.chance(NO_VOTE_PERMILLE) {
        return RowChange::NoVote;
    }
    let priority = dice.pick(&[0, 2, 5]).unwrap_or(0);
    RowChange::Priority { priority }
}

fn healthy_secondaries(view: &View) -> Vec<Member> {
    let follows = |member: &Member| view.members[usize::from(*member)].role == Role::Secondary;
    view.healthy_members().into_iter().filter(follows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn every_change_is_drawn_and_the_primary_keeps_its_row() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        let mut dice = Dice::new(1, "membership");
        let mut drawn = Vec::new();
        for _ in 0..60 {
            match &plan(&mut dice, &view)[..] {
                [Fault::Reconfigure { member, change, .. }] => {
                    assert_ne!(*member, 0);
                    drawn.push(*change);
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(drawn.contains(&RowChange::Remove) && drawn.contains(&RowChange::NoVote));
        for priority in [0, 2, 5] {
            assert!(drawn.contains(&RowChange::Priority { priority }));
        }
    }

    #[test]
    fn nothing_is_changed_without_a_primary() {
        let mut view = View::healthy(3, QuorumBudget::KeepMajority);
        view.members[0].role = Role::Other;
        assert_eq!(plan(&mut Dice::new(1, "membership"), &view), Vec::new());
    }
}
