//! Connections that break in the middle of whatever they carry.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    shapes,
    view::View,
};

/// Resets: half a message, a request without a reply, a reply nobody reads; nothing is down, so nobody is taken away.
pub const NEMESIS: Nemesis = Nemesis {
    name: "reset-connections",
    about: "resets all connections between one member, or some, and the others, once",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    // All links of one side: a single link may have no connection just then, and nothing to break.
    let cut = match dice.below(2) {
        0 => shapes::isolate_primary(dice, view),
        _ => shapes::halves(dice, view),
    };
    cut.map(|cut| Fault::ResetConnections { links: cut.links })
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn resets_some_links() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        let faults = plan(&mut Dice::new(1, "reset"), &view);
        assert!(matches!(&faults[..], [Fault::ResetConnections { links }] if !links.is_empty()));
    }
}
