//! The real core, explored: a Stateright model over packed states.
//!
//! Here what the model holds and how it is asked. What happens in a step is in [`super::happen`] and
//! [`super::effect`], messages are in [`super::network`], symmetry in [`super::canonical`], and Stateright's view of it
//! all in [`super::explore`].

use std::sync::atomic::{AtomicU64, Ordering};

use protocol::member::{Fired, Rules};
use protocol::message::Message;
use protocol::rules::NEXT;

use super::bounds::{Bounds, MEMBERS_MAX};
use super::effect::Effect;
use super::explore::NO_PANIC;
use super::member::Member;
use super::memo::Memo;
use super::renaming::Renaming;
use super::row::Row;
use super::state::{ClusterState, PANICKED};
use super::stimulus::Said;
use super::store::Store;
use super::summary::{Summarized, Summary};
use crate::invariants::INVARIANTS;
use crate::invariants::cluster::{self, Cluster};
use crate::invariants::ghosts::Ghosts;
use crate::invariants::invariant::Check;

/// A replica set within bounds, under the given rules.
///
/// Every transition of a single member is computed once by the core and remembered; all else is arithmetic on
/// small numbers. States are canonical: [`Model::next_state`] answers the representative of the orbit.
pub struct ReplicaSet {
    pub(super) bounds: Bounds,
    pub(super) rules: Rules,
    pub(super) renamings: Vec<Renaming>,
    /// Where a renaming stands among them, by its code.
    pub(super) places: Vec<u8>,
    pub(super) members: Store<Summarized>,
    pub(super) messages: Store<Message>,
    pub(super) networks: Store<Vec<u32>>,
    pub(super) ghosts: Store<Ghosts>,
    pub(super) effects: Store<Effect>,
    /// What members ask others.
    pub(super) requests: Store<Message>,
    /// What members answer.
    pub(super) said: Store<Said>,
    /// (member, request) to what it answers.
    pub(super) answers: Memo,
    /// (member, heartbeat or fetch, what it is answered) to effect.
    pub(super) exchanges: Memo,
    /// (member, what happens to it) to effect.
    pub(super) reactions: Memo,
    /// For each renaming: members and networks to what they become.
    pub(super) renamed: Vec<[Row; 2]>,
    /// (network, effect) to network.
    pub(super) sendings: Memo,
    /// (network, message) to the network without it.
    pub(super) arrivals: Memo,
    /// (network, what each member will never look at again) to the network without it.
    pub(super) prunings: Memo,
    /// (ghosts, effect) to ghosts.
    pub(super) recordings: Memo,
    /// In how many different reactions of a member each rule fired, by row of [`NEXT`].
    pub(super) fired: [AtomicU64; NEXT.len()],
}

impl ReplicaSet {
    /// The model of a set whose members all run by `rules`.
    pub fn new(bounds: Bounds, rules: Rules) -> Self {
        let renamings = Renaming::all(&bounds);
        ReplicaSet {
            bounds,
            rules,
            renamed: renamings.iter().map(|_| Default::default()).collect(),
            places: Renaming::places(&renamings),
            renamings,
            members: Store::new(),
            messages: Store::new(),
            networks: Store::new(),
            ghosts: Store::new(),
            effects: Store::new(),
            requests: Store::new(),
            said: Store::new(),
            answers: Memo::with_bits(20),
            exchanges: Memo::with_bits(20),
            reactions: Memo::with_bits(22),
            sendings: Memo::with_bits(18),
            arrivals: Memo::with_bits(18),
            prunings: Memo::with_bits(18),
            recordings: Memo::with_bits(18),
            fired: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// In how many different reactions of a member each rule fired so far.
    pub fn fired(&self) -> [u64; NEXT.len()] {
        std::array::from_fn(|rule| self.fired[rule].load(Ordering::Relaxed))
    }

    pub(super) fn note_fired(&self, fired: Fired) {
        let mut bits = fired.0;
        while bits != 0 {
            self.fired[bits.trailing_zeros() as usize].fetch_add(1, Ordering::Relaxed);
            bits &= bits - 1;
        }
    }

    /// The limits of this model.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// The member at a position.
    pub fn member(&self, state: &ClusterState, position: usize) -> &Member {
        &self.members.value(state.members[position]).member
    }

    pub(super) fn summary(&self, state: &ClusterState, position: usize) -> &Summary {
        &self.members.value(state.members[position]).summary
    }

    pub(super) fn number(&self, member: Member) -> u32 {
        self.members
            .number_of(member, |member| Summarized::new(member, &self.rules))
    }

    /// The message with this number.
    pub fn message(&self, number: u32) -> &Message {
        self.messages.value(number)
    }

    /// The messages on their way.
    pub fn network(&self, state: &ClusterState) -> &[u32] {
        self.networks.value(state.network)
    }

    /// What was promised so far.
    pub fn ghosts(&self, state: &ClusterState) -> &Ghosts {
        self.ghosts.value(state.ghosts)
    }

    /// How many different values the stores hold: members, messages, networks, ghosts.
    pub fn values(&self) -> [usize; 4] {
        [
            self.members.len(),
            self.messages.len(),
            self.networks.len(),
            self.ghosts.len(),
        ]
    }

    /// Asks a question about the whole cluster.
    pub fn view<T>(&self, state: &ClusterState, question: impl FnOnce(&Cluster<'_>) -> T) -> T {
        // Unused places repeat the first member and are cut off.
        let members: [_; MEMBERS_MAX] = std::array::from_fn(|position| {
            let number = state.members[if position < self.bounds.members {
                position
            } else {
                0
            }];
            let Summarized { summary, member } = self.members.value(number);
            cluster::Member {
                state: Some(&member.state),
                disk: &member.disk,
                majority_read: summary.majority_read,
            }
        });
        question(&Cluster {
            members: &members[..self.bounds.members],
            ghosts: self.ghosts(state),
        })
    }

    /// What is wrong with this state, in words: the invariant's name and its finding.
    pub fn explain(&self, state: &ClusterState) -> Option<(&'static str, String)> {
        if state.broken == PANICKED {
            return Some((NO_PANIC, "an assertion of the core failed".to_owned()));
        }
        if let Some(place) = state.broken.checked_sub(1) {
            let name = INVARIANTS[usize::from(place)].name;
            return Some((name, "broken by the last step".to_owned()));
        }
        self.view(state, |cluster| {
            INVARIANTS.iter().find_map(|invariant| match invariant.check {
                Check::State(check) => Some((invariant.name, check(cluster)?)),
                Check::Step(_) => None,
            })
        })
    }
}
