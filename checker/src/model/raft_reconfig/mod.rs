//! A port of the TLA+ specification MongoRaftReconfig: logless reconfiguration beside the oplog, at the
//! specification's own level of abstraction.
//!
//! As [`super::static_raft`], whose servers and oplog actions it shares, it shows faithfulness: with the same bounds it
//! reaches as many distinct states as TLC does. Its configurations name servers, so a canonical form is more than
//! a sorted list of servers ([`state`]). Read: [`server`], [`state`], [`action`], [`mutation`],
//! [`specification`].
//!
//! Source: will62794/logless-reconfig, `MongoRaftReconfig.tla`, `MongoLoglessDynamicRaft.tla` and
//! `MCMongoRaftReconfig.tla`; Schultz, Dardik, Tripakis, "Design and Verification of a Logless Dynamic
//! Reconfiguration Protocol in MongoDB Replication".

pub mod action;
pub mod mutation;
pub mod server;
pub mod specification;
pub mod state;

pub use action::Action;
pub use mutation::Mutation;
pub use specification::{Bounds, RaftReconfig};
pub use state::ClusterState;
