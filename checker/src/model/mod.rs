//! Every order of events within small bounds: exhaustive exploration of states.
//!
//! The machinery first: [`fingerprint`], [`memory`] and [`bare`], a search over any Stateright model with
//! nothing in it but speed. [`static_raft`] is a port of a published TLA+ specification; its state counts are
//! pinned to TLC's, which shows that bounds, symmetry and boundary checks mean here what they mean there.
//!
//! Then the real core: [`bounds`], [`member`] (core, disk, and what lies between), [`stimulus`] (what can
//! happen to one member), [`renaming`] (symmetry), [`store`], [`row`] and [`memo`] (each value and each reaction
//! once), [`summary`] (what is asked of a member most often),
//! [`state`] and [`action`] (the packed cluster), [`replica_set`] (the Stateright model, with what belongs to it in
//! `happen`, `election`, `effect`, `network`, `canonical` and `explore`), [`sometimes`]
//! (what must be reachable), [`family`] (the named models), [`check`] and [`chart`] (verdict and counterexample),
//! [`browser`] (the same to look at).

pub mod action;
pub mod bare;
pub mod bench;
pub mod bounds;
pub mod browser;
mod canonical;
pub mod chart;
pub mod check;
mod effect;
mod election;
mod explore;
pub mod family;
pub mod fingerprint;
mod happen;
pub mod member;
pub mod memo;
pub mod memory;
mod network;
pub mod probe;
pub mod raft_reconfig;
pub mod renaming;
pub mod replica_set;
pub mod row;
pub mod sometimes;
pub mod state;
pub mod static_raft;
pub mod stimulus;
pub mod store;
pub mod summary;
