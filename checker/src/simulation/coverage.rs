//! What a run has reached, finely: which rules fired together, in which state of the member, after which others. A
//! schedule that reaches something new is worth changing a little.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use protocol::member::Fired;
use protocol::state::{Mode, Role, Rollback, State};

use super::digest::Digest;

/// Situations that came up, each with the time of its first coming, in the world's own unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    seen: BTreeMap<u64, u64>,
    /// What fired last at each member.
    last: BTreeMap<usize, u64>,
}

impl Coverage {
    /// A member made a step that came to something.
    pub fn note(&mut self, member: usize, fired: Fired, state: &State, at: u64) {
        if fired.0 == 0 {
            return;
        }
        let before = self.last.insert(member, fired.0).unwrap_or(0);
        let mut hasher = Digest::default();
        (before, fired.0, sketch(state)).hash(&mut hasher);
        self.seen.entry(hasher.finish()).or_insert(at);
    }

    /// The situations, with the time of their first coming.
    pub fn situations(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.seen.iter().map(|(situation, at)| (*situation, *at))
    }
}

/// What of a state the rules look at: small enough that the same comes up again, in another run.
fn sketch(state: &State) -> [u8; 8] {
    let last = state.oplog.last();
    let role = match state.role {
        Role::Follower => 0,
        Role::DryRun { .. } => 1,
        Role::Candidate { .. } => 2,
        Role::Primary(Mode::CatchUp { .. }) => 3,
        Role::Primary(Mode::Writable) => 4,
        Role::Primary(Mode::SteppingDown { .. }) => 5,
    };
    let rollback = match state.rollback {
        None => 0,
        Some(Rollback::Searching { .. }) => 1,
        Some(Rollback::Cutting(_)) => 2,
    };
    [
        role,
        rollback,
        u8::from(state.vote != state.vote_durable),
        u8::from(state.durable != last),
        state.commit_point.cmp(&last) as u8,
        u8::from(last.term != state.term),
        u8::from(state.sync_source.is_some()),
        u8::from(state.stale),
    ]
}
