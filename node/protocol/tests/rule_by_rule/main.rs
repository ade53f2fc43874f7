//! One rule at a time, on one member: what each clause of a guard is for. Longer stories are in `tests/scenarios` of
//! the workspace; here is what they leave open.

mod asides;
mod broken_connections;
mod commit_point;
mod configurations;
mod copying;
mod elections;
mod heartbeats;
mod initial_sync;
mod installing;
mod learning;
mod lone;
mod operator;
mod proving;
mod pulling;
mod replication;
mod rollback;
mod serving;
mod settling;
mod sources;
mod standing;
mod stepping_down;
mod taking_over;
mod votes;
mod winning;
mod write_concerns;
