//! The real core, explored: a Stateright model over packed states.
//!
//! Here what the model holds and how it is asked. What happens in a step is in [`super::happen`] and
//! [`super::effect`], messages are in [`super::network`], symmetry in [`super::canonical`], and Stateright's view of it
//! all in [`super::explore`].

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::config::Config;
use protocol::member::{Fired, Rules};
use protocol::message::Message;
use protocol::rules::NEXT;

use super::bounds::{Bounds, MEMBERS_MAX};
use super::effect::Effect;
use super::election::{Standing, Vote};
use super::explore::NO_PANIC;
use super::fingerprint::Fingerprint;
use super::member::Member;
use super::memo::Memo;
use super::probe::Other;
use super::renaming::Renaming;
use super::row::{Row, Shelves};
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
    pub(super) configs: Store<WholeConfig>,
    pub(super) messages: Store<Message>,
    pub(super) networks: Store<Vec<u32>>,
    pub(super) ghosts: Store<Ghosts>,
    pub(super) effects: Store<Effect>,
    /// What came of standing, and of asking a voter, where an election is one action.
    pub(super) standings: Store<Standing>,
    pub(super) votes: Store<Vote>,
    /// A member to what comes of its standing.
    pub(super) standing: Row,
    /// (candidate, voter, request) to what comes of asking.
    pub(super) voting: Memo,
    /// What questions in thought need of another member.
    pub(super) others: Store<Other>,
    /// A member to that.
    pub(super) asked_about: Row,
    /// What members ask others.
    pub(super) requests: Store<Message>,
    /// What members answer.
    pub(super) said: Store<Said>,
    /// (member, request) to what it answers.
    pub(super) answers: Memo,
    /// (member, heartbeat or fetch, what it is answered) to effect.
    pub(super) exchanges: Memo,
    /// A member to the effects of what happens to it alone.
    pub(super) own_reactions: Shelves,
    /// (member, what happens to it by another's doing) to effect.
    pub(super) reactions: Memo,
    /// A member to what it says of each position.
    pub(super) sayings: Shelves,
    /// A member to who may trade names without its notice.
    pub(super) groups: Row,
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

/// A configuration that is hashed with its rows.
#[derive(PartialEq, Eq)]
pub(super) struct WholeConfig(Arc<Config>);

impl Hash for WholeConfig {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
        for row in &self.0.members {
            let flags = [row.votes, row.arbiter, row.newly_added, row.hidden];
            let flags = flags.iter().fold(0, |all, flag| all << 1 | u64::from(*flag));
            state.write_u64(u64::from(row.priority_milli) << 16 | u64::from(row.id.0) << 8 | flags);
        }
    }
}

impl ReplicaSet {
    /// The model of a set whose members all run by `rules`.
    pub fn new(bounds: Bounds, rules: Rules) -> Self {
        let renamings = Renaming::all(&bounds);
        ReplicaSet {
            bounds,
            rules,
            renamed: renamings.iter().map(|_| Default::default()).collect(),
            sayings: Shelves::new(),
            groups: Row::new(),
            places: Renaming::places(&renamings),
            renamings,
            members: Store::new(),
            configs: Store::new(),
            messages: Store::new(),
            networks: Store::new(),
            ghosts: Store::new(),
            effects: Store::new(),
            standings: Store::new(),
            votes: Store::new(),
            standing: Row::new(),
            voting: Memo::with_bits(20),
            others: Store::new(),
            asked_about: Row::new(),
            requests: Store::new(),
            said: Store::new(),
            answers: Memo::with_bits(20),
            exchanges: Memo::with_bits(20),
            own_reactions: Shelves::new(),
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

    pub(super) fn number(&self, mut member: Member) -> u32 {
        // Of equal configurations one is shared by all: who compares two looks at their addresses mostly.
        let mut configs = 0;
        member.each_config(|config| {
            let number = self.configs.number(WholeConfig(Arc::clone(config)));
            *config = Arc::clone(&self.configs.value(number).0);
            configs = configs << 16 ^ u64::from(number);
        });
        // A configuration's own hash is its version and term, which many others have here.
        let fingerprint = Fingerprint::of(&(configs, &member));
        self.members
            .number_under(fingerprint, member, |member| Summarized::new(member, &self.rules))
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
