//! Cut links, in the shapes that have found bugs elsewhere.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    shapes::{self, Cut},
    view::{QuorumBudget, View},
};

/// Partitions: two primaries at once, writes that only a minority has, votes that only one side hears.
pub const NEMESIS: Nemesis = Nemesis {
    name: "partition",
    about: "cuts links between members: isolate the primary, halves, one way, bridge, majorities ring, random",
    needs: Needs::Nothing,
    plan,
    story: &[],
};

/// What a partition does to a set's ability to go on.
#[derive(Clone, Copy, PartialEq)]
enum Leaves {
    /// Some majority sees each other both ways.
    Majority,
    /// Perhaps nobody.
    Anything,
}

type Shape = (fn(&mut Dice, &View) -> Option<Cut>, Leaves);

/// All shapes. A random cut and one-way cuts of a whole side leave whatever they leave.
const SHAPES: [Shape; 6] = [
    (shapes::isolate_primary, Leaves::Majority),
    (shapes::halves, Leaves::Majority),
    (shapes::one_way, Leaves::Majority),
    (shapes::bridge, Leaves::Majority),
    (shapes::majorities_ring, Leaves::Majority),
    (shapes::random_links, Leaves::Anything),
];

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let usable: Vec<usize> = (0..SHAPES.len())
        .filter(|index| view.budget == QuorumBudget::Any || SHAPES[*index].1 == Leaves::Majority)
        .collect();
    // A partition counts on every other member being there: with one down, cutting another would take
    // the majority away.
    if view.budget == QuorumBudget::KeepMajority && view.healthy_members().len() < view.members.len() {
        return Vec::new();
    }
    let shape = dice.pick(&usable).map(|index| SHAPES[index].0);
    match shape.and_then(|draw| draw(dice, view)) {
        Some(cut) => vec![Fault::Partition {
            links: cut.links,
            shape: cut.shape,
        }],
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_shape_comes_up_and_cuts_something() {
        let mut dice = Dice::new(9, "partition");
        let view = View::healthy(5, QuorumBudget::Any);
        let mut seen = BTreeSet::new();
        for _ in 0..300 {
            for fault in plan(&mut dice, &view) {
                let Fault::Partition { links, shape } = fault else {
                    panic!("not a partition")
                };
                assert!(!links.is_empty());
                assert!(links.iter().all(|(from, to)| from != to && *from < 5 && *to < 5));
                seen.insert(shape.split(' ').next().unwrap_or_default().to_owned());
            }
        }
        assert_eq!(seen.len(), SHAPES.len(), "{seen:?}");
    }

    #[test]
    fn within_the_budget_some_majority_stays_connected() {
        let mut dice = Dice::new(10, "partition");
        for count in [3u8, 5, 7] {
            let view = View::healthy(count, QuorumBudget::KeepMajority);
            for _ in 0..200 {
                for fault in plan(&mut dice, &view) {
                    let Fault::Partition { links, .. } = fault else {
                        panic!("not a partition")
                    };
                    assert!(
                        (0..count).any(|hub| hears_majority(&links, count, hub)),
                        "nobody can lead: {links:?}"
                    );
                }
            }
        }
    }

    /// Whether `hub` exchanges messages both ways with enough members to lead them.
    fn hears_majority(links: &[(u8, u8)], count: u8, hub: u8) -> bool {
        let both_ways = |other: &u8| !links.contains(&(hub, *other)) && !links.contains(&(*other, hub));
        (0..count).filter(both_ways).count() > usize::from(count) / 2
    }
}
