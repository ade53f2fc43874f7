//! Too many open files.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    targets,
    view::View,
};

/// A process out of file descriptors (EMFILE): it must go on with what it has, or end in order, and be well again afterwards.
pub const NEMESIS: Nemesis = Nemesis {
    name: "file-limit",
    about: "one member may open no more files than it has open: it can neither accept a connection nor open a file",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

/// Most that is left.
const SPARE_MAX: u64 = 8;

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let Some(member) = targets::draw(dice, view).first().copied() else {
        return Vec::new();
    };
    vec![Fault::FileLimit {
        member,
        spare: dice.below(SPARE_MAX + 1) as u32,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn leaves_little() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        for seed in 0..20 {
            let faults = plan(&mut Dice::new(seed, "limit"), &view);
            assert!(matches!(&faults[..], [Fault::FileLimit { spare, .. }] if *spare <= 8));
        }
    }
}
