//! An even set cut in the middle.

use super::{
    dice::Dice,
    fault::Fault,
    nemesis::{Needs, Nemesis},
    shapes,
    view::View,
};

/// Two of four are no majority: whoever believes that half is enough elects two primaries (elasticsearch #2488). Nobody can
/// lead while it lasts, whatever the quorum budget says; a correct set stands still and loses nothing. An odd set has no
/// such middle and is left alone.
pub const NEMESIS: Nemesis = Nemesis {
    name: "even-split",
    about: "a set with an even number of members is cut into two equal halves",
    needs: Needs::EvenMembers,
    plan,
    story: &[],
};

fn plan(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let mut members = view.numbers();
    let whole = view.healthy_members().len() == members.len();
    if members.len() % 2 == 1 || !whole {
        return Vec::new();
    }
    dice.shuffle(&mut members);
    let (left, right) = members.split_at(members.len() / 2);
    let cut = shapes::two_sides("even-split", left, right);
    vec![Fault::Partition {
        links: cut.links,
        shape: cut.shape,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::view::QuorumBudget;

    #[test]
    fn neither_half_is_a_majority() {
        let view = View::healthy(4, QuorumBudget::KeepMajority);
        let faults = plan(&mut Dice::new(1, "even"), &view);
        let [Fault::Partition { links, .. }] = &faults[..] else {
            panic!("one partition, not {faults:?}")
        };
        assert_eq!(links.len(), 8);
        for one in 0..4 {
            let heard = (0..4).filter(|other| !links.contains(&(one, *other))).count();
            assert_eq!(heard, 2, "itself and one other");
        }
        let odd = View::healthy(3, QuorumBudget::Any);
        assert_eq!(plan(&mut Dice::new(1, "even"), &odd), Vec::new());
    }
}
