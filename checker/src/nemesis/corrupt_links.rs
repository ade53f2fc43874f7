//! Bits that turn over on the way.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    shapes,
    view::View,
};

/// Flipped bits above TCP's own weak checksum (a broken switch, a broken memory): a member must notice by the checksum of the
/// message, and drop the connection rather than believe it.
pub const NEMESIS: Nemesis = Nemesis {
    name: "corrupt-links",
    about: "bits turn over in what members send each other: the checksum of each message must tell",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

/// Fewest and most chunks of 1000 that are struck.
const PERMILLE: (u64, u64) = (5, 200);

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    shapes::some_links_at(PERMILLE, dice, view, |links, permille| Fault::CorruptLinks {
        links,
        permille,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn strikes_some_of_what_is_sent() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        for seed in 0..20 {
            let faults = plan(&mut Dice::new(seed, "corrupt"), &view);
            assert!(
                matches!(&faults[..], [Fault::CorruptLinks { permille, .. }] if (5..=200).contains(permille))
            );
        }
    }
}
