//! The shapes of cuts: pure functions from dice and view to directed links.

use super::{
    dice::Dice,
    fault::{Fault, Link, Member},
    view::{QuorumBudget, View},
};

/// Links to cut, and what the cut looks like in words; the first word is the shape's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Directed links, ascending, each once.
    pub links: Vec<Link>,
    /// Such as `isolate-primary 0 | 1 2`.
    pub shape: String,
}

/// The primary (or, without one, anybody) on one side, all others on the other.
pub fn isolate_primary(dice: &mut Dice, view: &View) -> Option<Cut> {
    let lonely = dice
        .pick(&view.primaries())
        .or_else(|| dice.pick(&view.numbers()))?;
    let others: Vec<Member> = others(view, &[lonely]);
    Some(two_sides("isolate-primary", &[lonely], &others))
}

/// A drawn minority on one side, the majority on the other.
pub fn halves(dice: &mut Dice, view: &View) -> Option<Cut> {
    let mut members = view.numbers();
    let minority = members
        .len()
        .checked_sub(view.majority())
        .filter(|count| *count > 0)?;
    dice.shuffle(&mut members);
    let mut small = members[..minority].to_vec();
    small.sort_unstable();
    let large = others(view, &small);
    Some(two_sides("halves", &small, &large))
}

/// One member is not heard, or hears nobody, or one single link is dead in one direction: what no symmetric
/// test finds (a primary that sends heartbeats but never learns that it was deposed).
pub fn one_way(dice: &mut Dice, view: &View) -> Option<Cut> {
    let one = dice
        .pick(&view.primaries())
        .filter(|_| dice.chance(500))
        .or_else(|| dice.pick(&view.numbers()))?;
    let rest = others(view, &[one]);
    let (links, words): (Vec<Link>, String) = match dice.below(3) {
        0 => (
            rest.iter().map(|other| (one, *other)).collect(),
            format!("{one} is not heard"),
        ),
        1 => (
            rest.iter().map(|other| (*other, one)).collect(),
            format!("{one} hears nobody"),
        ),
        _ => {
            let other = dice.pick(&rest)?;
            (vec![(one, other)], format!("{one} to {other}"))
        }
    };
    Some(cut("one-way", links, &words))
}

/// Two halves that see each other only through one member that sees all (Jepsen's `bridge`).
pub fn bridge(dice: &mut Dice, view: &View) -> Option<Cut> {
    let mut members = view.numbers();
    if members.len() < 3 {
        return None;
    }
    dice.shuffle(&mut members);
    let middle = members.pop()?;
    let (left, right) = members.split_at(members.len() / 2);
    let both = two_sides("bridge", left, right);
    Some(Cut {
        shape: format!("{} over {middle}", both.shape),
        ..both
    })
}

/// Every member sees a majority, and no two see the same one (Jepsen's `majorities-ring`). With three
/// members it is the cut of one pair; below that there is no such thing.
pub fn majorities_ring(dice: &mut Dice, view: &View) -> Option<Cut> {
    let mut ring = view.numbers();
    let count = ring.len();
    if count < 3 {
        return None;
    }
    dice.shuffle(&mut ring);
    // Each sees the nearest majority/2 on either side of itself in the ring; of three members that would
    // be all, so one pair is cut.
    let reach = view.majority() / 2;
    let distance = |a: usize, b: usize| a.abs_diff(b).min(count - a.abs_diff(b));
    let mut links = Vec::new();
    for (a, from) in ring.iter().enumerate() {
        for (b, to) in ring.iter().enumerate() {
            if a != b && distance(a, b) > reach {
                links.push((*from, *to));
            }
        }
    }
    if links.is_empty() {
        links = vec![(ring[0], ring[1]), (ring[1], ring[0])];
    }
    Some(cut("majorities-ring", links, &list(&ring)))
}

/// Each directed link is dead with one chance in three; at least one is.
pub fn random_links(dice: &mut Dice, view: &View) -> Option<Cut> {
    let all: Vec<Link> = pairs(&view.numbers(), &view.numbers());
    let mut links: Vec<Link> = all.iter().copied().filter(|_| dice.chance(333)).collect();
    if links.is_empty() {
        links.push(dice.pick(&all)?);
    }
    let words = links
        .iter()
        .map(|(from, to)| format!("{from}>{to}"))
        .collect::<Vec<_>>()
        .join(" ");
    Some(cut("random", links, &words))
}

/// Some links, and of 1000 chunks on them so many, drawn between these: small numbers as likely as large ones.
pub fn some_links_at(
    permille: (u64, u64),
    dice: &mut Dice,
    view: &View,
    fault: fn(Vec<Link>, u32) -> Fault,
) -> Vec<Fault> {
    let permille = dice.exponential(permille.0, permille.1) as u32;
    let cut = random_links(dice, view);
    cut.map(|cut| fault(cut.links, permille)).into_iter().collect()
}

/// A partition of this shape, which leaves everybody a majority of somebody: where a majority is to stay, only while nothing else is
/// wrong.
pub fn partition_of_all(
    shape: fn(&mut Dice, &View) -> Option<Cut>,
    dice: &mut Dice,
    view: &View,
) -> Vec<Fault> {
    let healthy = view.healthy_members().len() == view.members.len();
    if view.budget == QuorumBudget::KeepMajority && !healthy {
        return Vec::new();
    }
    let partition = |Cut { links, shape }| Fault::Partition { links, shape };
    shape(dice, view).map(partition).into_iter().collect()
}

/// All links between two sides, both ways.
pub fn two_sides(name: &str, left: &[Member], right: &[Member]) -> Cut {
    let mut links = pairs(left, right);
    links.extend(pairs(right, left));
    cut(name, links, &format!("{} | {}", list(left), list(right)))
}

fn cut(name: &str, mut links: Vec<Link>, words: &str) -> Cut {
    links.sort_unstable();
    links.dedup();
    Cut {
        links,
        shape: format!("{name} {words}"),
    }
}

fn pairs(left: &[Member], right: &[Member]) -> Vec<Link> {
    let towards = |from: Member| right.iter().map(move |to| (from, *to));
    left.iter()
        .flat_map(|from| towards(*from))
        .filter(|(from, to)| from != to)
        .collect()
}

fn others(view: &View, but: &[Member]) -> Vec<Member> {
    view.numbers()
        .into_iter()
        .filter(|member| !but.contains(member))
        .collect()
}

fn list(members: &[Member]) -> String {
    members.iter().map(u8::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn isolating_the_primary_cuts_it_both_ways_from_all() {
        let view = View::healthy(3, QuorumBudget::KeepMajority);
        let cut = isolate_primary(&mut Dice::new(1, "shape"), &view).expect("there is a primary");
        assert_eq!(cut.links, vec![(0, 1), (0, 2), (1, 0), (2, 0)]);
        assert_eq!(cut.shape, "isolate-primary 0 | 1 2");
    }

    #[test]
    fn in_a_ring_of_five_everyone_sees_three_and_no_two_the_same() {
        let view = View::healthy(5, QuorumBudget::KeepMajority);
        let cut = majorities_ring(&mut Dice::new(4, "shape"), &view).expect("five members make a ring");
        let sees = |one: u8| -> Vec<u8> {
            (0..5)
                .filter(|other| !cut.links.contains(&(one, *other)))
                .collect()
        };
        let mut views: Vec<Vec<u8>> = (0..5).map(sees).collect();
        assert!(views.iter().all(|seen| seen.len() == 3));
        views.sort();
        views.dedup();
        assert_eq!(views.len(), 5);
    }

    #[test]
    fn a_bridge_leaves_one_member_that_sees_all() {
        let view = View::healthy(5, QuorumBudget::KeepMajority);
        let cut = bridge(&mut Dice::new(4, "shape"), &view).expect("five members make a bridge");
        let uncut = |one: &u8| !cut.links.iter().any(|(from, to)| from == one || to == one);
        assert_eq!((0..5u8).filter(uncut).count(), 1);
    }
}
