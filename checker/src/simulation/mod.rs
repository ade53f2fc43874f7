//! A whole cluster of the core in one thread under one seed: no sockets, no sleeping, no real time (but
//! that a run which never ends is given up).
//!
//! Reading order: [`mod@simulate`] (one seed, many seeds, what comes of it), [`swarm`] (what a seed draws),
//! [`world`] (the queue of events), [`cluster`] (members on machines: does what the core asks), [`watch`] (the
//! invariants, judged at every step).

pub mod around;
pub mod clients;
pub mod clock;
pub mod cluster;
pub mod command;
mod connections;
pub mod contents;
pub mod coverage;
pub mod digest;
pub mod disk;
pub mod disturbances;
pub mod event;
pub mod facts;
pub mod guided;
pub mod hardship;
mod limit;
pub mod machine;
pub mod network;
mod operator;
pub mod options;
pub mod queue;
pub mod recording;
mod rest;
pub mod scenario;
pub mod shrink;
pub mod simulate;
pub mod stage;
mod suffer;
pub mod surroundings;
pub mod swarm;
pub mod timers;
pub mod timing;
pub mod trace;
pub mod violation;
pub mod watch;
pub mod world;

pub use options::{Options, Size, Without};
pub use simulate::{Outcome, shrunk, simulate, simulate_many};
