//! Wrong clocks, one member at a time: jump, strobe, drift.

use super::{
    dice::Dice,
    fault::Fault,
    fault::Member,
    nemesis::{Needs, Nemesis},
    view::View,
};

/// Clocks: nothing the set promises may rest on wall time, and elections must survive members whose seconds
/// differ. Clocks take nobody away, so the quorum budget does not bind them.
pub const NEMESIS: Nemesis = Nemesis {
    name: "clock",
    about: "one member's clock jumps, strobes, or runs fast or slow; small errors as likely as huge ones",
    needs: Needs::Shim,
    plan,
    story: &[],
};

/// Smallest and largest jump: the range of Jepsen's clock nemesis, its top raised to ten hours.
const JUMP_MS: (u64, u64) = (10, 36_000_000);
/// Smallest and largest strobe offset.
const STROBE_MS: (u64, u64) = (10, 300_000);
/// Shortest and longest stay at one side of a strobe.
const STROBE_PERIOD_MS: (u64, u64) = (4, 2_000);
/// Slow and fast rates of both clocks, in thousandths of real speed.
const RATES_PERMILLE: [u32; 6] = [500, 800, 950, 1050, 1250, 2000];

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let true_clocks = view.true_clocks();
    let running: Vec<Member> = view
        .running()
        .into_iter()
        .filter(|member| true_clocks.contains(member))
        .collect();
    let primaries: Vec<Member> = view
        .primaries()
        .into_iter()
        .filter(|member| running.contains(member))
        .collect();
    let drawn = match dice.pick(&primaries).filter(|_| dice.chance(400)) {
        Some(primary) => Some(primary),
        None => dice.pick(&running),
    };
    let Some(member) = drawn else { return Vec::new() };
    let fault = match dice.below(3) {
        0 => Fault::ClockJump {
            member,
            offset_ms: signed(dice, JUMP_MS),
        },
        1 => Fault::ClockStrobe {
            member,
            offset_ms: signed(dice, STROBE_MS),
            period_ms: dice.exponential(STROBE_PERIOD_MS.0, STROBE_PERIOD_MS.1),
        },
        _ => Fault::ClockDrift {
            member,
            rate_permille: RATES_PERMILLE[dice.below(RATES_PERMILLE.len() as u64) as usize],
        },
    };
    vec![fault]
}

fn signed(dice: &mut Dice, (low, high): (u64, u64)) -> i64 {
    let magnitude = dice.exponential(low, high) as i64;
    if dice.chance(500) { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;
    use std::collections::BTreeSet;

    #[test]
    fn draws_all_three_kinds_in_both_directions() {
        let mut dice = Dice::new(5, "clock");
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        let faults: Vec<Fault> = (0..100).flat_map(|_| plan(&mut dice, &view)).collect();
        let kinds: BTreeSet<&str> = faults.iter().map(Fault::kind).collect();
        assert_eq!(
            kinds,
            BTreeSet::from(["clock-drift", "clock-jump", "clock-strobe"])
        );
        let back = |fault: &Fault| matches!(fault, Fault::ClockJump { offset_ms, .. } if *offset_ms < 0);
        let ahead = |fault: &Fault| matches!(fault, Fault::ClockJump { offset_ms, .. } if *offset_ms > 0);
        assert!(faults.iter().any(back) && faults.iter().any(ahead));
    }

    #[test]
    fn leaves_clocks_alone_that_are_wrong_already() {
        let mut view = View::healthy(3, QuorumBudget::KeepMajority);
        view.members[0].skewed = true;
        view.members[1].skewed = true;
        for seed in 0..20 {
            let faults = plan(&mut Dice::new(seed, "clock"), &view);
            assert_eq!(faults[0].members(), vec![2]);
        }
    }
}
