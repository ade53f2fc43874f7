//! SIGSTOP: a process that is not dead, only late.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    targets,
    view::View,
};

/// Pauses and continues: the paused primary wakes into a world with another one, and must not answer as if
/// nothing had happened (stale reads: etcd#20418; acknowledged writes in an old term).
pub const NEMESIS: Nemesis = Nemesis {
    name: "pause",
    about: "SIGSTOP of the primary, of one member, or of as many as the quorum budget allows; then SIGCONT",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    targets::strike(dice, view, |members| Fault::Pause { members })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn pauses_within_the_budget() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        let faults = plan(&mut Dice::new(3, "pause"), &view);
        assert!(matches!(&faults[..], [Fault::Pause { members }] if members.len() == 1));
    }
}
