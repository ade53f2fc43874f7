//! Data that rots while nobody looks at it.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    targets,
    view::View,
};

/// Truncated files and flipped bits of a member that is down: it may refuse to start and be replaced, but must not serve
/// damaged data as if it were whole.
pub const NEMESIS: Nemesis = Nemesis {
    name: "file-damage",
    about: "one member goes down, and a file of it is cut short or bits of its files turn over; then restart",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

/// Fewest and most bytes that a file loses at its end.
const CUT_BYTES: (u64, u64) = (1, 65_536);
/// Fewest and most bits that turn over.
const FLIPS: (u64, u64) = (1, 64);

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let Some(member) = view.with_data(targets::draw(dice, view)).first().copied() else {
        return Vec::new();
    };
    let seed = dice.below(u64::MAX);
    vec![match dice.below(2) {
        0 => Fault::TruncateFile {
            member,
            bytes: dice.exponential(CUT_BYTES.0, CUT_BYTES.1),
            seed,
        },
        _ => Fault::BitRot {
            member,
            flips: dice.exponential(FLIPS.0, FLIPS.1) as u32,
            seed,
        },
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn damages_one_at_a_time() {
        let view = View::healthy(5, QuorumBudget::KeepMajority);
        for seed in 0..20 {
            assert_eq!(plan(&mut Dice::new(seed, "damage"), &view)[0].members().len(), 1);
        }
    }
}
