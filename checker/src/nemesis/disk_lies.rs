//! Sabotage: a disk whose fsync answers and does nothing.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    view::View,
};

/// Not a fault that any server can survive: after it, a power loss must be caught by the checks. A canary for durability.
pub const NEMESIS: Nemesis = Nemesis {
    name: "disk-lies",
    about: "fsync of every member is answered and not done, then all lose power: the checks must find lost writes",
    needs: Needs::UndoJournal,
    plan,
    story: &[],
};

fn plan(_dice: &mut Dice, view: &View) -> Vec<Fault> {
    let members = view.running();
    if members.len() < view.majority() {
        return Vec::new();
    }
    vec![Fault::DiskLies { members }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn strikes_all_at_once() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        assert_eq!(
            plan(&mut Dice::new(1, "lies"), &view),
            vec![Fault::DiskLies {
                members: vec![0, 1, 2]
            }]
        );
    }
}
