//! A machine that is slow, not dead: the hardest kind to notice.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    targets,
    view::View,
};

/// Slow members: heartbeats come late, elections overlap, a slow primary keeps clients waiting without being deposed.
pub const NEMESIS: Nemesis = Nemesis {
    name: "throttle",
    about: "SIGSTOP and SIGCONT in turns, so that the primary or others get a fraction of the processor",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

/// Shortest and longest turn of running and of standing still.
const TURN_MS: (u64, u64) = (5, 400);

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let members = targets::draw(dice, view);
    if members.is_empty() {
        return Vec::new();
    }
    vec![Fault::Throttle {
        members,
        run_ms: dice.exponential(TURN_MS.0, TURN_MS.1),
        stop_ms: dice.exponential(TURN_MS.0, TURN_MS.1),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn slows_within_the_budget() {
        let view = View::healthy(5, QuorumBudget::KeepMajority);
        let faults = plan(&mut Dice::new(3, "throttle"), &view);
        assert!(
            matches!(&faults[..], [Fault::Throttle { members, run_ms, stop_ms }]
            if members.len() <= 2 && *run_ms >= 5 && *stop_ms >= 5)
        );
    }
}
