//! Witnesses: the few operations that refute alone, none of which can be left out.
//!
//! A check names the operations of a violation. Whether they suffice and whether all are needed is asked of the check
//! itself: it judges the history of these operations alone (see [`projection`]). What can be left out is left out.

mod projection;
mod smallest;
#[cfg(test)]
pub(super) mod tests;

pub(super) use projection::Projection;
pub(super) use smallest::smallest;
