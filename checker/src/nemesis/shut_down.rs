//! The polite end, asked for over the wire.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    targets,
    view::View,
};

/// The `shutdown` command: a primary that hands over before it goes, answers under way, a clean end of the files.
pub const NEMESIS: Nemesis = Nemesis {
    name: "shut-down",
    about: "the shutdown command, to the primary half of the time; then restart",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let members = targets::draw(dice, view);
    let shut_down = |members: Vec<_>| Fault::ShutDown { members };
    (!members.is_empty())
        .then(|| shut_down(members))
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn keeps_a_majority() {
        let view = View::healthy(5, QuorumBudget::KeepMajority);
        for seed in 0..20 {
            let faults = plan(&mut Dice::new(seed, "shut down"), &view);
            assert!((1..=2).contains(&faults[0].members().len()));
        }
    }
}
