//! A network that fails between clients and members only.

use super::{
    client_deed::{ClientDeed, ClientWay},
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    view::View,
};

/// Requests and answers that are lost, late or cut off while the set itself is well: what the client can't know must stay
/// unknown, a retried write must not be done twice, and a write that comes seconds after its client gave up still counts.
pub const NEMESIS: Nemesis = Nemesis {
    name: "client-links",
    about: "what clients and members send each other is lost, held back, slow or reset; members hear each other as before",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

/// How often, of 1000 draws, it is the primary's clients alone.
const PRIMARY_PERMILLE: u32 = 600;
/// Shortest and longest delay.
const DELAY_MS: (u64, u64) = (5, 400);

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let primary = dice
        .pick(&view.primaries())
        .filter(|_| dice.chance(PRIMARY_PERMILLE));
    let members = primary.map_or_else(|| view.running(), |primary| vec![primary]);
    if members.is_empty() {
        return Vec::new();
    }
    let deed = match dice.below(4) {
        0 => ClientDeed::Cut,
        1 => ClientDeed::Jam,
        2 => ClientDeed::Slow {
            delay_ms: dice.exponential(DELAY_MS.0, DELAY_MS.1),
            jitter_ms: dice.exponential(DELAY_MS.0, DELAY_MS.1),
        },
        _ => ClientDeed::Reset,
    };
    let ways = [ClientWay::ToMembers, ClientWay::FromMembers, ClientWay::Both];
    let way = dice.pick(&ways).unwrap_or(ClientWay::Both);
    vec![Fault::ClientLinks { members, way, deed }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn every_deed_and_every_way_is_drawn() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        let mut dice = Dice::new(1, "clients");
        let drawn: Vec<String> = (0..80).map(|_| plan(&mut dice, &view)[0].to_string()).collect();
        for words in [
            "are lost",
            "are held",
            "longer",
            "reset",
            "requests to n",
            "answers to",
            "n0, n1, n2",
        ] {
            assert!(
                drawn.iter().any(|drawn| drawn.contains(words)),
                "{words}: {drawn:?}"
            );
        }
    }
}
