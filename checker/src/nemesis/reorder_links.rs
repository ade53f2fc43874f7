//! A network that reorders packets.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    shapes,
    view::View,
};

/// TCP hides the order and shows it as time: needless retransmissions, and a sender that slows down.
pub const NEMESIS: Nemesis = Nemesis {
    name: "reorder-links",
    about: "a part of the packets that members send each other is overtaken by later ones",
    needs: Needs::Packets,
    plan,
    story: &[],
};

/// Fewest and most packets of 1000 that it strikes.
const PERMILLE: (u64, u64) = (20, 500);

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    shapes::some_links_at(PERMILLE, dice, view, |links, permille| Fault::ReorderLinks {
        links,
        permille,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn reorders_some_of_what_is_sent() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        for seed in 0..20 {
            let faults = plan(&mut Dice::new(seed, "packets"), &view);
            assert!(
                matches!(&faults[..], [Fault::ReorderLinks { permille, .. }] if (20..=500).contains(permille))
            );
        }
    }
}
