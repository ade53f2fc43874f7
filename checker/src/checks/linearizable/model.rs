//! The sequential meaning of an object, as the search needs it.

use std::hash::Hash;

/// What an operation of known result does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Never changes the state; only some states agree with what it saw.
    Observation,
    /// Possible in every state, and what it leaves does not depend on what was there.
    Blind,
    /// Anything else.
    Mutation,
}

/// A sequential object.
pub(crate) trait Model {
    /// Its state. States that behave differently are different.
    type State: Copy + Eq + Hash;
    /// An operation with its result. Equal effects are interchangeable.
    type Effect: Copy + Eq + Hash;

    /// The state before the first operation.
    fn initial(&self) -> Self::State;

    /// The state after the operation, `None` when its result contradicts the state.
    fn step(&self, state: Self::State, effect: Self::Effect) -> Option<Self::State>;

    /// What kind it is.
    fn role(&self, effect: Self::Effect) -> Role;

    /// The only state in which it is possible, if there is only one.
    fn wanted(&self, effect: Self::Effect) -> Option<Self::State>;

    /// Whether mutations that are not blind could ever lead from `state` to `wanted`. `true` is always right; `false`
    /// lets the search turn back early.
    fn reaches(&self, _state: Self::State, _wanted: Self::State) -> bool {
        true
    }

    /// A state that stands for all those that can reach nothing that is still to be seen: only a blind write leads
    /// out of them, so they behave alike.
    fn lost(&self) -> Option<Self::State> {
        None
    }

    /// Whether [`Model::reaches`] is worth asking.
    const PRUNES: bool = false;

    /// An operation (position in `ops`) that no order can explain, where that shows without a search.
    fn impossible(&self, _ops: &[Timed<Self::Effect>]) -> Option<u32> {
        None
    }

    /// Which mutations can help to explain what others saw: the state they leave is one that some operation
    /// needs. `true` is always right; `false` lets the search leave a crashed one out and pass an overwritten one.
    fn usefulness(&self, _ops: &[Timed<Self::Effect>]) -> Box<dyn Fn(Self::Effect) -> bool> {
        Box::new(|_| true)
    }
}

/// An operation of one key as the search sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timed<E> {
    /// Place of the call.
    pub(crate) call: u32,
    /// Place of the return, or [`crate::history::Op::NEVER`].
    pub(crate) returned: u32,
    /// What it does.
    pub(crate) effect: E,
}
