//! Two halves that know of each other through one member only.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    shapes,
    view::{QuorumBudget, View},
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
    let healthy = view.healthy_members().len() == view.members.len();
    if view.budget == QuorumBudget::KeepMajority && !healthy {
        return Vec::new();
    }
    let cut = shapes::bridge(dice, view);
    let partition = |cut: shapes::Cut| Fault::Partition {
        links: cut.links,
        shape: cut.shape,
    };
    cut.map(partition).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_when_all_are_there_and_waits_otherwise() {
        let mut view = View::healthy(3, QuorumBudget::KeepMajority);
        let faults = plan(&mut Dice::new(1, "bridge"), &view);
        assert!(matches!(&faults[..], [Fault::Partition { links, .. }] if !links.is_empty()));
        view.members[1].cut = true;
        assert_eq!(plan(&mut Dice::new(1, "bridge"), &view), Vec::new());
    }
}
