//! Which nemesis strikes next: a shuffled deck, so that each comes up as often as a run must show it.

use crate::nemesis::{NEMESES, dice::Dice, nemesis::Nemesis};

/// How often a nemesis comes up in one round of the deck; one round fits into [`ROUND_SECONDS`]. What is not
/// listed comes up twice.
const CARDS: &[(&str, usize)] = &[("kill", 3), ("pause", 2), ("partition", 3), ("clock", 3)];

/// Cards of a nemesis without a number of its own.
const CARDS_OTHERWISE: usize = 2;
/// Cards of a directed schedule, which takes longer than a fault.
const CARDS_OF_A_STORY: usize = 1;

/// How long a round of the default nemeses takes, at the most, on a loaded machine with two cores.
pub const ROUND_SECONDS: u64 = 70;

/// So many cards are a round of that length: those of the default nemeses, but for the clocks', which are dealt beside them.
const CARDS_OF_A_ROUND: u64 = 8;

/// How often a nemesis must have struck in so many seconds of faults. A deck of more nemeses has longer rounds:
///
/// 1. nine nemeses in a run of a minute; 2. the run ends before their round does; 3. one of them has not had its turn, and
///    the run would be called invalid for it.
pub fn owed(nemeses: &[&Nemesis], name: &str, seconds: u64) -> u64 {
    let dealt = nemeses.iter().filter(|nemesis| nemesis.name != "clock");
    let dealt: usize = dealt.map(|nemesis| cards(nemesis.name)).sum();
    let round = ROUND_SECONDS * CARDS_OF_A_ROUND.max(dealt as u64);
    cards(name) as u64 * seconds * CARDS_OF_A_ROUND / round
}

/// Nemeses in a drawn order, round after round.
#[derive(Debug)]
pub struct Deck {
    nemeses: Vec<&'static Nemesis>,
    dice: Dice,
    left: Vec<&'static Nemesis>,
}

impl Deck {
    /// A deck of these nemeses, shuffled from the seed. `stream` keeps the decks of one run apart.
    pub fn new(nemeses: Vec<&'static Nemesis>, seed: u64, stream: &str) -> Self {
        Self {
            nemeses,
            dice: Dice::new(seed, stream),
            left: Vec::new(),
        }
    }

    /// What is left of this round, and all later rounds, in an order drawn from another seed.
    pub fn redraw(&mut self, seed: u64, stream: &str) {
        self.dice = Dice::new(seed, stream);
        self.dice.shuffle(&mut self.left);
    }

    /// The next card; nothing when the deck is of nobody.
    pub fn draw(&mut self) -> Option<&'static Nemesis> {
        if self.left.is_empty() {
            let cards = |nemesis: &&'static Nemesis| vec![*nemesis; cards(nemesis.name)];
            self.left = self.nemeses.iter().flat_map(cards).collect();
            self.dice.shuffle(&mut self.left);
        }
        self.left.pop()
    }
}

/// How often a nemesis comes up in one round.
pub fn cards(name: &str) -> usize {
    let listed = CARDS.iter().find(|(listed, _)| *listed == name);
    let is_story = |nemesis: &Nemesis| nemesis.name == name && !nemesis.story.is_empty();
    match listed {
        Some((_, cards)) => *cards,
        None if NEMESES.iter().any(is_story) => CARDS_OF_A_STORY,
        None => CARDS_OTHERWISE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_has_every_card_in_an_order_of_the_seed() {
        let draw = |seed| {
            let mut deck = Deck::new(NEMESES.iter().collect(), seed, "deck");
            let round: usize = NEMESES.iter().map(|nemesis| cards(nemesis.name)).sum();
            let drawn = (0..round).map(|_| deck.draw().expect("never empty").name);
            drawn.collect::<Vec<_>>()
        };
        let round = draw(1);
        for nemesis in NEMESES {
            let count = round.iter().filter(|name| **name == nemesis.name).count();
            assert_eq!(count, cards(nemesis.name), "{}", nemesis.name);
        }
        assert_eq!(round, draw(1));
        assert_ne!(round, draw(2));
    }

    #[test]
    fn a_round_in_another_order_has_the_same_cards() {
        let draw = |redrawn: bool| {
            let mut deck = Deck::new(NEMESES.iter().collect(), 1, "deck");
            let round: usize = NEMESES.iter().map(|nemesis| cards(nemesis.name)).sum();
            let mut drawn = Vec::new();
            for turn in 0..round {
                if redrawn && turn == 3 {
                    deck.redraw(9, "deck");
                }
                drawn.push(deck.draw().expect("never empty").name);
            }
            drawn
        };
        let (mut plain, mut other) = (draw(false), draw(true));
        assert_eq!(plain[..3], other[..3]);
        assert_ne!(plain, other);
        plain.sort_unstable();
        other.sort_unstable();
        assert_eq!(plain, other);
    }

    #[test]
    fn a_larger_deck_owes_less_of_each_kind_in_the_same_time() {
        let named = |name: &&str| {
            NEMESES
                .iter()
                .find(|nemesis| nemesis.name == *name)
                .expect("it is there")
        };
        let default: Vec<&Nemesis> = ["kill", "pause", "partition", "clock"]
            .iter()
            .map(named)
            .collect();
        assert_eq!(owed(&default, "kill", ROUND_SECONDS), 3);
        assert_eq!(owed(&default, "clock", ROUND_SECONDS), 3);
        let many = [
            "kill",
            "pause",
            "partition",
            "clock",
            "membership",
            "step-down",
            "slow-links",
            "slow-disk",
        ];
        let many: Vec<&Nemesis> = many.iter().map(named).collect();
        assert_eq!(owed(&many, "step-down", 50), 0);
        assert_eq!(owed(&many, "step-down", 4 * ROUND_SECONDS), 4);
    }

    #[test]
    fn a_deck_of_nobody_ends_at_once() {
        assert!(Deck::new(Vec::new(), 1, "deck").draw().is_none());
    }
}
