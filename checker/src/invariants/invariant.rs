//! What an invariant is: a name, a source, and a question that must never find an answer.

use super::cluster::{Cluster, Step};

/// A property of every state, or of every step, of a correct cluster.
#[derive(Clone, Copy)]
pub struct Invariant {
    /// Its number in the protocol notes.
    pub id: &'static str,
    /// Its name in reports; a sentence about what always holds.
    pub name: &'static str,
    /// How to look for a violation.
    pub check: Check,
}

/// Looks for a violation; `Some` says what is wrong.
#[derive(Clone, Copy)]
pub enum Check {
    /// In one instant of the whole cluster.
    State(fn(&Cluster<'_>) -> Option<String>),
    /// In one step of one member.
    Step(fn(&Step<'_>) -> Option<String>),
}
