//! Late messages: nothing is lost, everything takes longer than timers expect.

use super::{
    dice::Dice,
    fault::Fault,
    fault::Link,
    nemesis::{Needs, Nemesis},
    shapes,
    view::View,
};

/// Slow links: replies that arrive after their timeout, heartbeats near the election timeout, one slow follower.
pub const NEMESIS: Nemesis = Nemesis {
    name: "slow-links",
    about: "delay, jitter and sometimes little bandwidth on all links between one member, or some, and the others",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

/// Smallest and largest delay.
const DELAY_MS: (u64, u64) = (2, 800);
/// Smallest and largest bandwidth, in bytes a second.
const BANDWIDTH: (u64, u64) = (20_000, 2_000_000);

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    // All links between two sides: a single link may carry nothing, and be slow unnoticed.
    let cut = match dice.below(2) {
        0 => shapes::isolate_primary(dice, view),
        _ => shapes::halves(dice, view),
    };
    let links: Vec<Link> = cut.map(|cut| cut.links).unwrap_or_default();
    if links.is_empty() {
        return Vec::new();
    }
    let delay_ms = dice.exponential(DELAY_MS.0, DELAY_MS.1);
    vec![Fault::SlowLinks {
        links,
        delay_ms,
        jitter_ms: dice.between(0, delay_ms),
        bytes_per_second: dice
            .chance(300)
            .then(|| dice.exponential(BANDWIDTH.0, BANDWIDTH.1)),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn is_possible_even_when_the_budget_is_spent() {
        let mut view = View::healthy(3, QuorumBudget::KeepMajority);
        view.members[2].cut = true;
        for seed in 0..20 {
            let faults = plan(&mut Dice::new(seed, "slow-links"), &view);
            assert!(
                matches!(&faults[..], [Fault::SlowLinks { links, delay_ms, jitter_ms, .. }]
                if !links.is_empty() && *delay_ms > 0 && jitter_ms <= delay_ms)
            );
        }
    }
}
