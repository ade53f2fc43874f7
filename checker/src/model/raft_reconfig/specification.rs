//! The specification as a Stateright model.

use stateright::{Model, Property};

use super::super::bare::Judge;
use super::action::{self, Action};
use super::mutation::Mutation;
use super::server::{Server, VERSION_MAX};
use super::state::ClusterState;
use crate::model::static_raft::{Bounds as OplogBounds, Symmetry};

/// How far the exploration goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Servers, terms, logs, symmetry.
    pub oplog: OplogBounds,
    /// States in which a server has a higher version are checked but not explored further.
    pub version_max: u8,
}

impl Bounds {
    /// Bounds under full symmetry, the way the published configurations are run.
    ///
    /// # Panics
    /// If a bound does not fit the packed state.
    pub const fn new(servers: usize, term_max: u8, log_length_max: usize, version_max: u8) -> Self {
        assert!(version_max < VERSION_MAX);
        Bounds {
            oplog: OplogBounds::new(servers, term_max, log_length_max),
            version_max,
        }
    }
}

/// MongoRaftReconfig within bounds, correct or with one wrong rule. States are canonical throughout.
#[derive(Clone, Copy, Debug)]
pub struct RaftReconfig {
    /// How far to explore.
    pub bounds: Bounds,
    /// Which rule is wrong, if any.
    pub mutation: Mutation,
}

impl RaftReconfig {
    /// The published specification within bounds.
    pub const fn new(bounds: Bounds) -> Self {
        RaftReconfig {
            bounds,
            mutation: Mutation::Correct,
        }
    }

    /// With one wrong rule.
    pub const fn with(self, mutation: Mutation) -> Self {
        RaftReconfig { mutation, ..self }
    }

    fn canonical(&self, state: ClusterState) -> ClusterState {
        match self.bounds.oplog.symmetry {
            Symmetry::Named => state,
            Symmetry::Anonymous => state.canonical(self.bounds.oplog.servers),
        }
    }

    fn servers(&self, state: &ClusterState) -> impl Iterator<Item = Server> + use<> {
        let state = *state;
        (0..self.bounds.oplog.servers).map(move |number| state.server(number))
    }

    fn is_within(&self, state: &ClusterState) -> bool {
        let Bounds { oplog, version_max } = self.bounds;
        self.servers(state).all(|server| {
            server.oplog().term() <= oplog.term_max
                && server.oplog().log_length() <= oplog.log_length_max
                && server.config_id().1 <= version_max
        })
    }

    fn one_primary_per_term(&self, state: &ClusterState) -> bool {
        let mut terms = 0_u32;
        self.servers(state)
            .map(Server::oplog)
            .filter(|server| server.is_primary())
            .all(|primary| {
                let term = 1 << primary.term();
                let is_new = terms & term == 0;
                terms |= term;
                is_new
            })
    }

    fn leader_completeness(&self, state: &ClusterState) -> bool {
        self.servers(state)
            .map(Server::oplog)
            .filter(|server| server.is_primary())
            .all(|primary| {
                state
                    .committed()
                    .filter(|committed| committed.term <= primary.term())
                    .all(|committed| primary.entry(committed.index) == committed.entry_term)
            })
    }

    fn state_machine_safety(&self, state: &ClusterState) -> bool {
        let mut last_index = 0;
        state
            .committed()
            .all(|committed| std::mem::replace(&mut last_index, committed.index) != committed.index)
    }

    fn is_safe(&self, state: &ClusterState) -> bool {
        self.one_primary_per_term(state)
            && self.leader_completeness(state)
            && self.state_machine_safety(state)
    }
}

impl Judge for RaftReconfig {}

impl Model for RaftReconfig {
    type State = ClusterState;
    type Action = Action;

    /// One state per non-empty configuration, which all servers share.
    fn init_states(&self) -> Vec<ClusterState> {
        let servers = self.bounds.oplog.servers;
        let mut states: Vec<_> = (1..1 << servers)
            .map(|config| self.canonical(ClusterState::initial(config, servers)))
            .collect();
        states.sort_unstable();
        states.dedup();
        states
    }

    fn actions(&self, state: &ClusterState, actions: &mut Vec<Action>) {
        if self.is_within(state) {
            action::enabled(state, self.bounds.oplog.servers, self.mutation, actions);
        }
    }

    fn next_state(&self, state: &ClusterState, action: Action) -> Option<ClusterState> {
        Some(self.canonical(action::apply(*state, action, self.mutation)))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("one primary per term", Self::one_primary_per_term),
            Property::always("leader completeness", Self::leader_completeness),
            Property::always("state machine safety", Self::state_machine_safety),
            Property::sometimes("two configurations", |model: &Self, state: &ClusterState| {
                let mut servers = model.servers(state);
                let first = servers.next().map(Server::config_id);
                servers.any(|server| Some(server.config_id()) != first)
            }),
            Property::sometimes("an entry is committed", |_: &Self, state: &ClusterState| {
                state.committed().next().is_some()
            }),
        ]
    }

    /// As in [`super::super::static_raft`]: TLC checks the states just outside, but neither counts nor explores them.
    fn within_boundary(&self, state: &ClusterState) -> bool {
        self.is_within(state) || !self.is_safe(state)
    }
}
