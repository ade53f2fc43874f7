//! The plug is pulled: what was not fsynced is gone, of one machine or of all of them.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    targets,
    view::View,
};

/// Power loss: acknowledged and not durable; a vote given twice; a journal whose last record is torn. A correct set
/// survives it on every member at once, so half of the time all that run are struck, whatever the quorum budget.
pub const NEMESIS: Nemesis = Nemesis {
    name: "power-loss",
    about: "power loss of one member, several, or the whole set; unsynced sectors are lost, all or each by chance",
    needs: Needs::UndoJournal,
    plan,
    story: &[],
};

/// How often, of 1000 draws, every running member loses power.
const ALL_PERMILLE: u32 = 500;
/// Chances of an unsynced sector to have reached the disk: nothing is the cleanest loss, and the rest tears.
const KEEP_PERMILLE: [u32; 4] = [0, 0, 300, 700];

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let members = if dice.chance(ALL_PERMILLE) {
        view.running()
    } else {
        targets::draw(dice, view)
    };
    if members.is_empty() {
        return Vec::new();
    }
    vec![Fault::PowerLoss {
        members,
        keep_permille: dice.pick(&KEEP_PERMILLE).unwrap_or(0),
        seed: dice.below(u64::MAX),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn strikes_one_and_all() {
        let mut dice = Dice::new(1, "power");
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        let counts: Vec<usize> = (0..60)
            .map(|_| plan(&mut dice, &view)[0].members().len())
            .collect();
        assert!(counts.contains(&1) && counts.contains(&3));
    }
}
