//! SIGTERM: the polite stop, which takes a path of its own through the server.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    targets,
    view::View,
};

/// Polite stops: a primary is expected to step down and hand over; nothing acknowledged may be lost on the way.
pub const NEMESIS: Nemesis = Nemesis {
    name: "terminate",
    about: "SIGTERM to the primary, one member, or as many as the quorum budget allows; then restart",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    targets::strike(dice, view, |members| Fault::Terminate { members })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn stops_within_the_budget() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        let faults = plan(&mut Dice::new(3, "terminate"), &view);
        assert!(matches!(&faults[..], [Fault::Terminate { members }] if members.len() == 1));
    }
}
