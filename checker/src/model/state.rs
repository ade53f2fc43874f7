//! The cluster in thirty-two bytes: numbers of values that stand in stores.

use std::hash::{Hash, Hasher};

use super::bounds::MEMBERS_MAX;

/// One state of the model.
#[derive(Clone, Copy, Debug, Eq, PartialOrd, Ord)]
pub struct ClusterState {
    /// Numbers of the members; unused places are zero.
    pub members: [u32; MEMBERS_MAX],
    /// Number of the set of messages on their way. A vote may arrive at any time later, many times or never, a
    /// report once or never: so loss, delay, reordering and duplication need no actions of their own.
    pub network: u32,
    /// Number of the ghosts.
    pub ghosts: u32,
    /// What was used of the bounds.
    pub spent: Spent,
    /// The step invariant that the last step broke: its place in `INVARIANTS`, from 1; [`PANICKED`]; or 0.
    pub broken: u8,
}

impl ClusterState {
    /// All of it in four words: hashed and compared for every action, and quicker so than field by field.
    const fn words(&self) -> [u64; 4] {
        const fn word(low: u32, high: u32) -> u64 {
            low as u64 | (high as u64) << 32
        }
        let [first, second, third, fourth, fifth] = self.members;
        let Spent {
            writes,
            reads,
            restarts,
        } = self.spent;
        let rest = u32::from_le_bytes([writes, reads, restarts, self.broken]);
        [
            word(first, second),
            word(third, fourth),
            word(fifth, self.network),
            word(self.ghosts, rest),
        ]
    }
}

impl PartialEq for ClusterState {
    fn eq(&self, other: &Self) -> bool {
        let ([a, b, c, d], [e, f, g, h]) = (self.words(), other.words());
        (a ^ e) | (b ^ f) | (c ^ g) | (d ^ h) == 0
    }
}

impl Hash for ClusterState {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for word in self.words() {
            state.write_u64(word);
        }
    }
}

/// What was used of the bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spent {
    /// Writes asked for.
    pub writes: u8,
    /// Linearizable reads asked for.
    pub reads: u8,
    /// Power cuts.
    pub restarts: u8,
}

/// Stands in [`ClusterState::broken`] for a failed assertion of the core.
pub const PANICKED: u8 = u8::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fingerprint::Fingerprint;

    #[test]
    fn states_that_differ_anywhere_are_different() {
        let state = ClusterState {
            members: [1, 2, 3, 4, 5],
            network: 6,
            ghosts: 7,
            spent: Spent::default(),
            broken: 0,
        };
        let mut others = vec![
            ClusterState { network: 0, ..state },
            ClusterState { ghosts: 0, ..state },
            ClusterState { broken: 1, ..state },
        ];
        for place in 0..MEMBERS_MAX {
            let mut members = state.members;
            members[place] = 0;
            others.push(ClusterState { members, ..state });
        }
        for (writes, reads, restarts) in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] {
            let mut other = state;
            other.spent = Spent {
                writes,
                reads,
                restarts,
            };
            others.push(other);
        }
        assert_eq!(state, ClusterState { ..state });
        for other in others {
            assert_ne!(state, other);
            assert_ne!(Fingerprint::of(&state), Fingerprint::of(&other));
        }
    }
}
