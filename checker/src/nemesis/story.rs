//! A directed schedule: faults in a told order, each at the moment that matters.
//!
//! Random mixes find what has many ways to go wrong. Some mistakes have one: the first primary must be cut off
//! *before* the second is elected, and the second must die *before* the first is heard again. A story says so.

use std::{collections::BTreeMap, time::Duration};

use super::{
    dice::Dice,
    fault::{DiskOperation, Fault, Link, Member},
    view::{Role, View},
};

/// How long a story waits for the set to look as it must; then it is given up.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// One step.
#[derive(Clone, Copy)]
pub enum Step {
    /// Somebody gets a part; later steps call the member by it. Waits until somebody fits.
    Name(&'static str, fn(&mut Dice, &View, &Parts) -> Option<Member>),
    /// A fault strikes, and lasts until the step that heals it by this name.
    Strike(&'static str, fn(&mut Dice, &View, &Parts) -> Option<Fault>),
    /// The fault of this name ends.
    Heal(&'static str),
    /// Nothing happens for a drawn time.
    Hold {
        /// At least.
        least_ms: u64,
        /// At most.
        most_ms: u64,
    },
    /// Waits until the set looks so.
    Until(fn(&View, &Parts) -> bool),
    /// This very fault strikes, and lasts until the step that heals it by this name; the story goes on if it is refused.
    Exactly(&'static str, &'static Fault),
    /// Waits so long for this member to lead; the story goes on in any case.
    Leads {
        /// Who.
        member: Member,
        /// At most.
        patience_ms: u64,
    },
}

/// Who plays what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts(BTreeMap<&'static str, Member>);

impl Parts {
    /// Gives a part.
    pub fn give(&mut self, part: &'static str, member: Member) {
        self.0.insert(part, member);
    }

    /// Who plays it; nobody if no step before has named it.
    pub fn of(&self, part: &str) -> Option<Member> {
        self.0.get(part).copied()
    }
}

/// What a story's own `plan` is: none.
pub fn only_as_told(_: &mut Dice, _: &View) -> Vec<Fault> {
    Vec::new()
}

/// The one primary of a set in which nothing is wrong.
pub fn primary(_: &mut Dice, view: &View, _: &Parts) -> Option<Member> {
    match view.primaries()[..] {
        [one] if view.healthy_members().len() == view.members.len() => Some(one),
        _ => None,
    }
}

/// A running member that follows and has no part yet.
pub fn free_secondary(dice: &mut Dice, view: &View, parts: &Parts) -> Option<Member> {
    let free = |member: &Member| {
        view.members[usize::from(*member)].role == Role::Secondary
            && !parts.0.values().any(|taken| taken == member)
    };
    let free: Vec<Member> = view.running().into_iter().filter(free).collect();
    dice.pick(&free)
}

/// A primary besides the one with this part.
pub fn primary_besides(view: &View, parts: &Parts, part: &str) -> Option<Member> {
    let first = parts.of(part);
    view.primaries().into_iter().find(|member| Some(*member) != first)
}

/// Everybody is there, and one leads.
pub fn is_whole(view: &View, _: &Parts) -> bool {
    let follows = view
        .members
        .iter()
        .filter(|member| matches!(member.role, Role::Secondary | Role::Arbiter));
    view.primaries().len() == 1 && follows.count() == view.members.len() - 1
}

/// The links between `one` and all others, both ways.
pub fn all_links_of(view: &View, one: Member) -> Vec<Link> {
    let others = view.numbers().into_iter().filter(|other| *other != one);
    let mut links: Vec<Link> = others.flat_map(|other| [(one, other), (other, one)]).collect();
    links.sort_unstable();
    links
}

/// Cuts the member with this part off from all others.
pub fn cut_off(view: &View, parts: &Parts, part: &str) -> Option<Fault> {
    let one = parts.of(part)?;
    Some(Fault::Partition {
        links: all_links_of(view, one),
        shape: format!("{part} {one} cut off"),
    })
}

/// Kills the member with this part.
pub fn kill(parts: &Parts, part: &str) -> Option<Fault> {
    let members = vec![parts.of(part)?];
    Some(Fault::Kill { members })
}

/// Makes each fsync of the member with this part take long, so that something is always written and not durable.
pub fn slow_sync(dice: &mut Dice, parts: &Parts, part: &str) -> Option<Fault> {
    Some(Fault::DiskSlow {
        member: parts.of(part)?,
        operation: DiskOperation::Sync,
        delay_ms: dice.between(SLOW_SYNC_MS.0, SLOW_SYNC_MS.1),
    })
}

/// Far below the election timeout: a slow disk shall not look like a dead member.
const SLOW_SYNC_MS: (u64, u64) = (60, 250);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nemesis::{NEMESES, view::QuorumBudget};

    #[test]
    fn every_strike_is_healed_and_every_part_is_named_before() {
        for nemesis in NEMESES.iter().filter(|nemesis| !nemesis.story.is_empty()) {
            let mut struck = std::collections::BTreeSet::new();
            let view = View::healthy(5, QuorumBudget::Any);
            let mut dice = Dice::new(1, nemesis.name);
            let mut parts = Parts::default();
            let mut next = 0;
            for step in nemesis.story {
                match step {
                    Step::Name(part, _) => {
                        parts.give(part, next);
                        next += 1;
                    }
                    Step::Strike(name, fault) => {
                        assert!(struck.insert(*name), "{}: {name} strikes twice", nemesis.name);
                        let fault = fault(&mut dice, &view, &parts);
                        assert!(fault.is_some(), "{}: {name} strikes nobody", nemesis.name);
                    }
                    Step::Heal(name) => {
                        assert!(struck.remove(name), "{}: {name} heals nothing", nemesis.name)
                    }
                    Step::Hold { least_ms, most_ms } => assert!(least_ms <= most_ms),
                    Step::Until(_) | Step::Exactly(..) | Step::Leads { .. } => {}
                }
            }
            assert!(struck.is_empty(), "{}: {struck:?} never ends", nemesis.name);
        }
    }

    #[test]
    fn a_second_primary_is_another_one() {
        let mut view = View::healthy(3, QuorumBudget::Any);
        let mut parts = Parts::default();
        parts.give("first", 0);
        assert_eq!(primary_besides(&view, &parts, "first"), None);
        view.members[2].role = Role::Primary;
        assert_eq!(primary_besides(&view, &parts, "first"), Some(2));
        assert_eq!(free_secondary(&mut Dice::new(1, "part"), &view, &parts), Some(1));
    }
}
