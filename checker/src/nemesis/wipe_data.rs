//! A machine that is lost with all it had.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    story::{self, Parts},
    view::View,
};

/// Emptied directories: whoever has forgotten its votes and acknowledgements must neither vote nor be counted before it
/// has learned from the others what it may have promised.
pub const NEMESIS: Nemesis = Nemesis {
    name: "wipe-data",
    about: "one member is killed and its data directory emptied, or told to copy all data anew; the others keep theirs",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

/// How often, of 1000 draws, the primary is the one.
const PRIMARY_PERMILLE: u32 = 300;
/// How often, of 1000 draws, a secondary copies by command.
const RESYNC_PERMILLE: u32 = 300;

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    // One at a time, while all others are whole: else nobody may ever know what was acknowledged, and the set has to stop.
    if !story::is_whole(view, &Parts::default()) || view.spare() == 0 {
        return Vec::new();
    }
    let primary = dice
        .pick(&view.primaries())
        .filter(|_| dice.chance(PRIMARY_PERMILLE));
    if let Some(member) = primary {
        return vec![Fault::WipeData { member }];
    }
    let Some(member) = story::free_secondary(dice, view, &Parts::default()) else {
        return Vec::new();
    };
    vec![if dice.chance(RESYNC_PERMILLE) {
        Fault::Resync { member }
    } else {
        Fault::WipeData { member }
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::{QuorumBudget, Role};

    #[test]
    fn one_at_a_time_and_only_while_all_others_are_whole() {
        let mut view = View::healthy(5, QuorumBudget::Any);
        let mut dice = Dice::new(1, "wipe");
        let drawn: Vec<Vec<Fault>> = (0..60).map(|_| plan(&mut dice, &view)).collect();
        assert!(drawn.iter().all(|faults| faults.len() == 1));
        assert!(drawn.contains(&vec![Fault::WipeData { member: 0 }]));
        assert!(!drawn.contains(&vec![Fault::Resync { member: 0 }]));
        assert!(
            drawn
                .iter()
                .any(|faults| matches!(faults[..], [Fault::Resync { .. }]))
        );
        view.members[3].role = Role::Other;
        assert_eq!(plan(&mut dice, &view), Vec::new());
    }
}
