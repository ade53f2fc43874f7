//! A network that stalls and then delivers everything at once (FoundationDB calls it a clog).

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    shapes,
    view::{QuorumBudget, View},
};

/// Jams: votes, heartbeats and replies of an old term arrive late and in a burst, long after the world has moved on.
pub const NEMESIS: Nemesis = Nemesis {
    name: "jam",
    about: "links between members hold everything back, and deliver it late and in order when healed",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let healthy = view.healthy_members().len() == view.members.len();
    if view.budget == QuorumBudget::KeepMajority && !healthy {
        return Vec::new();
    }
    let cut = match dice.below(4) {
        0 | 1 => shapes::isolate_primary(dice, view),
        2 => shapes::one_way(dice, view),
        _ => shapes::halves(dice, view),
    };
    let jam = |cut: shapes::Cut| Fault::Jam {
        links: cut.links,
        shape: cut.shape,
    };
    cut.map(jam).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn jams_only_while_all_others_are_well() {
        let mut view = View::healthy(3, QuorumBudget::KeepMajority);
        assert!(
            matches!(&plan(&mut Dice::new(1, "jam"), &view)[..], [Fault::Jam { links, .. }] if !links.is_empty())
        );
        view.members[1].cut = true;
        assert_eq!(plan(&mut Dice::new(1, "jam"), &view), Vec::new());
    }
}
