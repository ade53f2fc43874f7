//! Which states are reachable within the bounds of each model, counted and pinned: any change of behaviour
//! of a model, or of the search under it, shows here.

mod explorer;
mod raft_reconfig;
mod replica_set;
mod static_raft;
