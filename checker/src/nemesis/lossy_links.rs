//! A network that loses packets.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    shapes,
    view::View,
};

/// Lost packets, as a program above TCP feels them: stalls of 200 ms, 600 ms and more, behind which everything waits.
/// Duplicated and reordered packets change nothing else for it.
pub const NEMESIS: Nemesis = Nemesis {
    name: "lossy-links",
    about: "a part of what members send each other is lost, and comes when TCP has sent it again",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

/// Fewest and most chunks of 1000 that are lost.
const PERMILLE: (u64, u64) = (10, 300);

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    shapes::some_links_at(PERMILLE, dice, view, |links, permille| Fault::LossyLinks {
        links,
        permille,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn loses_some_of_what_is_sent() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        for seed in 0..20 {
            let faults = plan(&mut Dice::new(seed, "loss"), &view);
            assert!(
                matches!(&faults[..], [Fault::LossyLinks { permille, .. }] if (10..=300).contains(permille))
            );
        }
    }
}
