//! Everybody sees a majority, and no two the same.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    shapes,
    view::View,
};

/// Whoever stands for election can win, and is not heard by some who voted: elections without end, primaries that overlap.
pub const NEMESIS: Nemesis = Nemesis {
    name: "majorities-ring",
    about: "every member sees a majority, and no two members see the same one",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    shapes::partition_of_all(shapes::majorities_ring, dice, view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn cuts_when_all_are_there_and_waits_otherwise() {
        let mut view = View::healthy(3, QuorumBudget::KeepMajority);
        let faults = plan(&mut Dice::new(1, "majorities-ring"), &view);
        assert!(matches!(&faults[..], [Fault::Partition { links, .. }] if !links.is_empty()));
        view.members[1].cut = true;
        assert_eq!(plan(&mut Dice::new(1, "majorities-ring"), &view), Vec::new());
    }
}
