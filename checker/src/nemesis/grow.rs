//! A set that gets one member more while it works, and loses it again.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    story::{self, Parts},
    view::View,
};

/// New members: a copy of all data under load, a vote that comes when the copy is whole (`newlyAdded`), and a removal that
/// may fall into the middle of both.
pub const NEMESIS: Nemesis = Nemesis {
    name: "grow",
    about: "a new machine is added to the set, copies its data under load, and is removed again",
    needs: Needs::Spare,
    plan,
    story: &[],
};

/// How long a reconfiguration is waited for.
const WAIT_MS: u64 = 4_000;

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    if !story::is_whole(view, &Parts::default()) {
        return Vec::new();
    }
    let spare = dice.pick(&view.spares);
    spare
        .map(|member| Fault::Enroll {
            member,
            wait_ms: WAIT_MS,
        })
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn only_a_whole_set_grows_and_only_by_a_machine_that_is_there() {
        let mut view = View::healthy(3, QuorumBudget::KeepMajority);
        let mut dice = Dice::new(1, "grow");
        assert_eq!(plan(&mut dice, &view), Vec::new());
        view.spares = vec![3];
        assert!(matches!(
            plan(&mut dice, &view)[..],
            [Fault::Enroll { member: 3, .. }]
        ));
        view.members[0].role = crate::nemesis::view::Role::Other;
        assert_eq!(plan(&mut dice, &view), Vec::new());
    }
}
