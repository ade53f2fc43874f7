//! Connections of which only one end is left.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    shapes,
    view::View,
};

/// Connections of which one end is gone (a machine that was started anew, a firewall that forgot): whoever waits for an error
/// before it connects again waits for ever.
pub const NEMESIS: Nemesis = Nemesis {
    name: "half-open",
    about: "some members lose their connections without the senders being told: what these send is swallowed",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let cut = match dice.below(3) {
        0 => shapes::one_way(dice, view),
        1 => shapes::isolate_primary(dice, view),
        _ => shapes::random_links(dice, view),
    };
    cut.map(|cut| Fault::HalfOpen {
        links: cut.links,
        shape: cut.shape,
    })
    .into_iter()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn some_link_is_always_struck() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        for seed in 0..20 {
            let faults = plan(&mut Dice::new(seed, "half"), &view);
            assert!(matches!(&faults[..], [Fault::HalfOpen { links, .. }] if !links.is_empty()));
        }
    }
}
