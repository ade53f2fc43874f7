//! `situations.json`: how far a run came, finely. A situation: rules that fired together at a member, after which others, in
//! which sketch of its state; named by a digest, equal in all runs.

use serde::{Deserialize, Serialize};

/// The situations of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SituationsRecord {
    /// Version of this schema.
    pub schema: u32,
    /// By the turn of the nemeses in which they came up first: before the first, in the first, and so on. A member whose
    /// clock was wrong may put one into another turn.
    pub reached: Vec<Vec<u32>>,
}

impl SituationsRecord {
    /// Each with its turn, from 0; those of before the first are given to it.
    pub fn each(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let turns = (0u32..).zip(&self.reached);
        turns.flat_map(|(turn, reached)| {
            reached
                .iter()
                .map(move |situation| (*situation, turn.saturating_sub(1)))
        })
    }
}
