//! A network that repeats packets.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    shapes,
    view::View,
};

/// TCP must hide it: whoever sees a difference has found a hole in the kernel or in the switch, or a timing that nothing may rest on.
pub const NEMESIS: Nemesis = Nemesis {
    name: "duplicate-links",
    about: "a part of the packets that members send each other comes twice",
    needs: Needs::Packets,
    plan,
    story: &[],
};

/// Fewest and most packets of 1000 that it strikes.
const PERMILLE: (u64, u64) = (20, 500);

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    shapes::some_links_at(PERMILLE, dice, view, |links, permille| Fault::DuplicateLinks {
        links,
        permille,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn repeats_some_of_what_is_sent() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        for seed in 0..20 {
            let faults = plan(&mut Dice::new(seed, "packets"), &view);
            assert!(
                matches!(&faults[..], [Fault::DuplicateLinks { permille, .. }] if (20..=500).contains(permille))
            );
        }
    }
}
