//! Every order of events within small bounds: exhaustive exploration of states.
//!
//! [`static_raft`] is a port of a published TLA+ specification; its state counts are pinned to TLC's, which
//! shows that bounds, symmetry and boundary checks mean here what they mean there.
//! [`bare`] is a search over any Stateright model with nothing in it but speed.

pub mod bare;
pub mod fingerprint;
pub mod memory;
pub mod static_raft;
