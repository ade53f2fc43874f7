//! The representative of a state among all that differ only in the members' names.

use super::bounds::MEMBERS_MAX;
use super::renaming::Renaming;
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
        let mut keys = [0; MEMBERS_MAX];
        for (position, key) in keys.iter_mut().enumerate().take(members) {
            *key = self.summary(state, position).nameless;
        }
        let data = members - self.bounds.arbiters;
        // Where each would stand in order: data-bearing members first, then arbiters.
        let mut sorting = Renaming(std::array::from_fn(|position| position as u8));
        let mut ties = false;
        for (start, end) in [(0, data), (data, members)] {
            let group = &keys[start..end];
            for (offset, key) in group.iter().enumerate() {
                let lesser = group.iter().filter(|other| *other < key).count();
                ties |= group.iter().filter(|other| *other == key).count() > 1;
                sorting.0[start + offset] = (start + lesser) as u8;
            }
        }
        if !ties {
            // Only one renaming sorts them.
            return self.rename(state, self.places[sorting.code()].into());
        }
        let mut ordered = keys;
        ordered[..data].sort_unstable();
        ordered[data..members].sort_unstable();
        let mut least: Option<ClusterState> = None;
        for (which, renaming) in self.renamings.iter().enumerate() {
            let sorts =
                (0..members).all(|position| ordered[usize::from(renaming.0[position])] == keys[position]);
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

    fn rename(&self, state: &ClusterState, which: usize) -> ClusterState {
        if which == IDENTITY {
            return *state;
        }
        let renaming = &self.renamings[which];
        let [members, networks] = &self.renamed[which];
        let mut renamed = *state;
        for (position, number) in state.members[..self.bounds.members].iter().enumerate() {
            renamed.members[usize::from(renaming.0[position])] = members.get_or(*number, || {
                self.number(renaming.member(&self.members.value(*number).member))
            });
        }
        renamed.network = networks.get_or(state.network, || {
            let messages = self.networks.value(state.network).iter();
            let mut renamed: Vec<_> = messages
                .map(|number| {
                    self.messages
                        .number(renaming.message(self.messages.value(*number)))
                })
                .collect();
            renamed.sort_unstable();
            self.networks.number(renamed)
        });
        renamed
    }
}

/// The place of the renaming that changes nothing.
const IDENTITY: usize = 0;
