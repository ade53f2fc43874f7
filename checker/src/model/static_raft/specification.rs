//! The specification as a Stateright model.

use stateright::{Model, Property};

use super::super::bare::Judge;
use super::action::{self, Action};
use super::bounds::Bounds;
use super::invariants::{INVARIANTS, SOMETIMES, is_violated};
use super::mutation::Mutation;
use super::state::ClusterState;

/// MongoStaticRaft within bounds, correct or with one wrong rule.
///
/// States are canonical throughout: [`Model::next_state`] answers the representative, so any search counts
/// orbits. [`super::trace::steady_names`] turns a path of representatives back into one with steady names.
#[derive(Clone, Copy, Debug)]
pub struct StaticRaft {
    /// How far to explore.
    pub bounds: Bounds,
    /// Which rule is wrong, if any.
    pub mutation: Mutation,
}

impl StaticRaft {
    /// The published specification within bounds.
    pub const fn new(bounds: Bounds) -> Self {
        StaticRaft {
            bounds,
            mutation: Mutation::Correct,
        }
    }

    /// With one wrong rule.
    pub const fn with(self, mutation: Mutation) -> Self {
        StaticRaft { mutation, ..self }
    }
}

impl Judge for StaticRaft {}

impl Model for StaticRaft {
    type State = ClusterState;
    type Action = Action;

    /// One state per non-empty configuration, which all servers share.
    fn init_states(&self) -> Vec<ClusterState> {
        let mut states: Vec<_> = (1..1_u8 << self.bounds.servers)
            .map(|config| ClusterState::initial(config).canonical(&self.bounds))
            .collect();
        states.sort_unstable();
        states.dedup();
        states
    }

    fn actions(&self, state: &ClusterState, actions: &mut Vec<Action>) {
        if state.is_within(&self.bounds) {
            action::enabled(state, &self.bounds, self.mutation, actions);
        }
    }

    fn next_state(&self, state: &ClusterState, action: Action) -> Option<ClusterState> {
        Some(action::apply(*state, action).canonical(&self.bounds))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(INVARIANTS[0].0, |model, state| {
                INVARIANTS[0].1(state, &model.bounds)
            }),
            Property::always(INVARIANTS[1].0, |model, state| {
                INVARIANTS[1].1(state, &model.bounds)
            }),
            Property::always(INVARIANTS[2].0, |model, state| {
                INVARIANTS[2].1(state, &model.bounds)
            }),
            Property::always(INVARIANTS[3].0, |model, state| {
                INVARIANTS[3].1(state, &model.bounds)
            }),
            Property::sometimes(SOMETIMES[0].0, |model, state| {
                SOMETIMES[0].1(state, &model.bounds)
            }),
            Property::sometimes(SOMETIMES[1].0, |model, state| {
                SOMETIMES[1].1(state, &model.bounds)
            }),
            Property::sometimes(SOMETIMES[2].0, |model, state| {
                SOMETIMES[2].1(state, &model.bounds)
            }),
        ]
    }

    /// TLC's `CONSTRAINT`: a state outside the bounds is generated and its invariants are checked, but it is
    /// neither counted nor explored. Stateright would drop it unchecked; so such a state stays inside exactly
    /// if it breaks an invariant.
    fn within_boundary(&self, state: &ClusterState) -> bool {
        state.is_within(&self.bounds) || is_violated(state, &self.bounds)
    }
}
