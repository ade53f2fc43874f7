//! The cluster in thirty-two bytes: numbers of values that stand in stores.

use super::bounds::MEMBERS_MAX;

/// One state of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
