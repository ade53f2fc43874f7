//! Two halves that know of each other through one member only.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    shapes,
    view::View,
};

/// Everybody sees a majority of somebody, few see the same: positions and commit points travel over the middle alone.
pub const NEMESIS: Nemesis = Nemesis {
    name: "bridge",
    about: "two halves see each other only through one member that sees all",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    shapes::partition_of_all(shapes::bridge, dice, view)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn cuts_when_all_are_there_and_waits_otherwise() {
        let mut view = View::healthy(3, QuorumBudget::KeepMajority);
        let faults = plan(&mut Dice::new(1, "bridge"), &view);
        assert!(matches!(&faults[..], [Fault::Partition { links, .. }] if !links.is_empty()));
        view.members[1].cut = true;
        assert_eq!(plan(&mut Dice::new(1, "bridge"), &view), Vec::new());
    }
}
