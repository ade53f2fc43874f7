//! The representative of a state among all that differ only in the members' names.

use protocol::config::MemberId;

use super::bounds::MEMBERS_MAX;
use super::renaming::{Renaming, said_of};
use super::replica_set::ReplicaSet;
use super::state::ClusterState;

impl ReplicaSet {
    /// The representative of a state's orbit: the least of all its renamings that put the members in the order
    /// of what cannot be renamed in them. Ties are tried out, so the form is canonical.
    pub fn canonical(&self, state: &ClusterState) -> ClusterState {
        if self.renamings.len() == 1 {
            return *state;
        }
        let members = self.bounds.members;
        let mut keys = [(0, 0); MEMBERS_MAX];
        for (position, key) in keys.iter_mut().enumerate().take(members) {
            key.0 = self.summary(state, position).nameless;
        }
        let mut order = self.order(&keys);
        if self.twins(&order, &keys).next().is_some() {
            // Of whom the others say different things, those are no twins.
            let heard = self.heard_of_each(state, &keys);
            for (key, heard) in keys.iter_mut().zip(heard) {
                key.1 = heard;
            }
            order = self.order(&keys);
        }
        // Twins that may trade their names without a trace: all their orders are one.
        let mut twins = self.twins(&order, &keys);
        if twins.all(|(one, other)| self.may_trade(state, one, other)) {
            let mut sorting = self.renamings[IDENTITY];
            for (place, position) in order.iter().enumerate().take(members) {
                sorting.0[usize::from(*position)] = place as u8;
            }
            return self.rename(state, self.place(sorting));
        }
        let sorted = order.map(|position| keys[usize::from(position)]);
        let mut least: Option<ClusterState> = None;
        for (which, renaming) in self.renamings.iter().enumerate() {
            let sorts =
                (0..members).all(|position| sorted[usize::from(renaming.0[position])] == keys[position]);
            if !sorts {
                continue;
            }
            let renamed = self.rename(state, which);
            if least.is_none_or(|least| renamed < least) {
                least = Some(renamed);
            }
        }
        // Some renaming sorts the keys, so there is a least one.
        least.unwrap_or(*state)
    }

    /// Data-bearing members by their keys, then arbiters by theirs.
    fn order(&self, keys: &Keys) -> [u8; MEMBERS_MAX] {
        let members = self.bounds.members;
        let data = members - self.bounds.arbiters;
        let mut order = std::array::from_fn(|place| place as u8);
        for (start, end) in [(0, data), (data, members)] {
            for later in start + 1..end {
                let mut place = later;
                while place > start && keys[usize::from(order[place])] < keys[usize::from(order[place - 1])] {
                    order.swap(place - 1, place);
                    place -= 1;
                }
            }
        }
        order
    }

    /// Those next to each other that have equal keys.
    fn twins<'a>(
        &self,
        order: &'a [u8; MEMBERS_MAX],
        keys: &'a Keys,
    ) -> impl Iterator<Item = (usize, usize)> + use<'a> {
        let data = self.bounds.members - self.bounds.arbiters;
        let places = (1..self.bounds.members).filter(move |place| *place != data);
        let pairs = places.map(|place| (usize::from(order[place - 1]), usize::from(order[place])));
        pairs.filter(|(one, other)| keys[*one] == keys[*other])
    }

    /// What the others say of each, summed up. Who says the same of all says nothing.
    fn heard_of_each(&self, state: &ClusterState, keys: &Keys) -> [u64; MEMBERS_MAX] {
        let mut heard = [0_u64; MEMBERS_MAX];
        let members = self.bounds.members;
        for (speaker, number) in state.members[..members].iter().enumerate() {
            if self.groups(*number) & INDIFFERENT != 0 {
                continue;
            }
            for (position, heard) in heard.iter_mut().enumerate().take(members) {
                if position != speaker {
                    let said = self.said_of(*number, position);
                    *heard = heard.wrapping_add((keys[speaker].0 ^ said).wrapping_mul(ODD));
                }
            }
        }
        heard
    }

    /// What a member says of the one at a position.
    fn said_of(&self, member: u32, position: usize) -> u64 {
        self.sayings.get_or(member, position, || {
            said_of(&self.members.value(member).member, MemberId(position as u8))
        })
    }

    /// Whether the state stays as it is when two members trade their names.
    fn may_trade(&self, state: &ClusterState, one: usize, other: usize) -> bool {
        let which = self.place(self.trading(one, other));
        if self.rename_member(state.members[one], which) != state.members[other] {
            return false;
        }
        let others = (0..self.bounds.members).filter(|position| *position != one && *position != other);
        let mut groups = others.map(|position| self.groups(state.members[position]));
        groups.all(|groups| group(groups, one) == group(groups, other))
            && self.rename_network(state.network, which) == state.network
    }

    fn trading(&self, one: usize, other: usize) -> Renaming {
        let mut trading = self.renamings[IDENTITY];
        trading.0.swap(one, other);
        trading
    }

    fn place(&self, renaming: Renaming) -> usize {
        self.places[renaming.code()].into()
    }

    fn rename(&self, state: &ClusterState, which: usize) -> ClusterState {
        if which == IDENTITY {
            return *state;
        }
        let renaming = &self.renamings[which];
        let mut renamed = *state;
        for (position, number) in state.members[..self.bounds.members].iter().enumerate() {
            renamed.members[usize::from(renaming.0[position])] = self.rename_member(*number, which);
        }
        renamed.network = self.rename_network(state.network, which);
        renamed
    }

    fn rename_member(&self, number: u32, which: usize) -> u32 {
        self.renamed[which][0].get_or(number, || {
            let alike = self.alike(number, which);
            if alike == which {
                self.number(self.renamings[which].member(&self.members.value(number).member))
            } else {
                self.rename_member(number, alike)
            }
        })
    }

    fn rename_network(&self, number: u32, which: usize) -> u32 {
        self.renamed[which][1].get_or(number, || {
            let messages = self.networks.value(number).iter();
            let mut renamed: Vec<_> = messages
                .map(|number| {
                    self.messages
                        .number(self.renamings[which].message(self.messages.value(*number)))
                })
                .collect();
            renamed.sort_unstable();
            self.networks.number(renamed)
        })
    }

    /// One of all the renamings that make the same of a member: among those whom it would not miss if they traded their
    /// names, the new names are in order.
    fn alike(&self, member: u32, which: usize) -> usize {
        let mut renaming = self.renamings[which];
        let groups = self.groups(member);
        for position in 0..self.bounds.members {
            for later in position + 1..self.bounds.members {
                if group(groups, position) == group(groups, later) && renaming.0[position] > renaming.0[later]
                {
                    renaming.0.swap(position, later);
                }
            }
        }
        self.place(renaming)
    }

    /// For each position the first one with which it may trade its name without this member's notice; see [`group`].
    fn groups(&self, number: u32) -> u32 {
        self.groups.get_or(number, || {
            let member = &self.members.value(number).member;
            let (members, data) = (self.bounds.members, self.bounds.members - self.bounds.arbiters);
            let may_trade = |one: usize, other: usize| {
                (one < data) == (other < data)
                    && self.said_of(number, one) == self.said_of(number, other)
                    && self.trading(one, other).member(member) == **member
            };
            let first = |position: usize| (0..position).find(|earlier| may_trade(*earlier, position));
            let firsts: Vec<_> = (0..members)
                .map(|position| first(position).unwrap_or(position))
                .collect();
            let me = usize::from(member.id().0);
            let others = |range: std::ops::Range<usize>| {
                firsts[range.clone()]
                    .iter()
                    .zip(range)
                    .filter(|(_, at)| *at != me)
            };
            let is_one = |range: std::ops::Range<usize>| {
                let mut firsts = others(range).map(|(first, _)| first);
                firsts.next().is_none_or(|one| firsts.all(|other| other == one))
            };
            let indifferent = if is_one(0..data) && is_one(data..members) {
                INDIFFERENT
            } else {
                0
            };
            let groups = firsts.iter().enumerate();
            groups.fold(indifferent, |groups, (position, first)| {
                groups | (*first as u32) << (GROUP_BITS * position)
            })
        })
    }
}

/// Of each member what cannot be renamed in it, and what the others say of it.
type Keys = [(u64, u64); MEMBERS_MAX];

/// The group of a position.
fn group(groups: u32, position: usize) -> u32 {
    groups >> (GROUP_BITS * position) & GROUP_MASK
}

/// The place of the renaming that changes nothing.
const IDENTITY: usize = 0;
/// Bits of a position among the groups.
const GROUP_BITS: usize = 4;
const GROUP_MASK: u32 = (1 << GROUP_BITS) - 1;
/// Among a member's groups: it says the same of all others of a kind.
const INDIFFERENT: u32 = 1 << (GROUP_BITS * MEMBERS_MAX);
const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use protocol::member::Rules;
    use stateright::Model;

    use super::*;
    use crate::model::bounds::{Bounds, Elections, Reports};

    /// States of each model that are looked at, from the beginning.
    const STATES: usize = 800;

    #[test]
    fn whatever_the_members_are_called_the_representative_is_one() {
        let four = Bounds::coarse(4, 2);
        let models = [
            Bounds { arbiters: 2, ..four },
            Bounds {
                voteless: 2,
                config_version_max: 2,
                ..four
            },
            Bounds {
                elections: Elections::ByMessage,
                reports: Reports::ByMessage,
                ..Bounds::coarse(3, 2)
            },
        ];
        for bounds in models {
            let model = ReplicaSet::new(bounds, Rules::default());
            let mut known: HashSet<_> = model.init_states().into_iter().collect();
            let mut open: Vec<_> = known.iter().copied().collect();
            let mut actions = Vec::new();
            let mut at = 0;
            while at < open.len().min(STATES) {
                let state = open[at];
                at += 1;
                for which in 0..model.renamings.len() {
                    let renamed = model.rename(&state, which);
                    assert_eq!(model.canonical(&renamed), state, "renamed by {which}");
                }
                model.actions(&state, &mut actions);
                let next = actions
                    .drain(..)
                    .filter_map(|action| model.next_state(&state, action));
                open.extend(next.filter(|next| known.insert(*next)));
            }
        }
    }
}
