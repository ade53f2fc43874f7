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
        let mut ordered = keys;
        let data = members - self.bounds.arbiters;
        ordered[..data].sort_unstable();
        ordered[data..members].sort_unstable();
        let differ = |keys: &[u64]| keys.windows(2).all(|pair| pair[0] < pair[1]);
        if differ(&ordered[..data]) && differ(&ordered[data..members]) {
            // Only one renaming sorts them.
            let place = |position: usize| {
                let group = if position < data { 0..data } else { data..members };
                let lesser = keys[group.clone()].iter().filter(|key| **key < keys[position]);
                (group.start + lesser.count()) as u8
            };
            let sorting = Renaming(std::array::from_fn(|position| {
                if position < members {
                    place(position)
                } else {
                    position as u8
                }
            }));
            return self.rename(state, self.places[sorting.code()].into());
        }
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
