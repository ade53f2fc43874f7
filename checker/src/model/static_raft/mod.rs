//! A port of the TLA+ specification MongoStaticRaft: the replica-set protocol with a fixed configuration,
//! at the specification's own level of abstraction (no messages: an action reads the other servers' state).
//!
//! It exists to show faithfulness, not to find bugs in our core: with the same bounds it reaches exactly as
//! many distinct states as TLC does, so the machinery around it (bounds, symmetry, boundary states) can be
//! trusted with the real core. Read in this order: [`server`] (one server in sixteen bits), [`state`]
//! (the cluster and its canonical form), [`action`] (the specification's `Next`), [`invariants`],
//! [`mutation`] (wrong rules whose shortest counterexamples are known), [`specification`] (the Stateright
//! model), [`trace`] (a counterexample with steady server names).
//!
//! Source: will62794/logless-reconfig, `MongoStaticRaft.tla` and `MCMongoStaticRaft.tla`; Schultz, Dardik,
//! Tripakis, "Design and Verification of a Logless Dynamic Reconfiguration Protocol in MongoDB Replication".

pub mod action;
pub mod bounds;
pub mod invariants;
pub mod mutation;
pub mod server;
pub mod specification;
pub mod state;
pub mod trace;

pub use action::Action;
pub use bounds::{Bounds, Symmetry};
pub use mutation::Mutation;
pub use specification::StaticRaft;
pub use state::ClusterState;
