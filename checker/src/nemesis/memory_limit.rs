//! Too little memory.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    targets,
    view::View,
};

/// A process that is refused memory: it ends at whatever line asks for some, and what it had acknowledged is still there.
pub const NEMESIS: Nemesis = Nemesis {
    name: "memory-limit",
    about: "one member may use hardly more memory than it does, and is sent a message that needs more",
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
    vec![Fault::MemoryLimit {
        member,
        spare_mb: dice.below(SPARE_MAX + 1) as u32,
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
            assert!(matches!(&faults[..], [Fault::MemoryLimit { spare_mb, .. }] if *spare_mb <= 8));
        }
    }
}
