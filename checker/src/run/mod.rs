//! One live run: a workload under nemeses, on real processes, and what comes out of it.
//!
//! Reading order: [`scenario`] (what a run is), [`live`] (its story), then the parts in the order of the story:
//! [`start`], [`traffic`], [`watch`], [`disturb`], [`settle`], [`final_reads`], [`replicas`], [`marks`], [`traces`],
//! [`recovery`], [`standstill`], [`shortfalls`], [`judging`].

pub mod admin;
pub mod arena;
pub mod attached;
pub mod deck;
pub mod disturb;
pub mod environment;
pub mod error;
pub mod final_reads;
pub mod interrupt;
pub mod judging;
mod left_out;
pub mod live;
mod load;
pub mod marks;
pub mod phases;
pub mod processes;
pub mod recovery;
mod replica_indexes;
pub mod replicas;
pub mod retell;
pub mod scenario;
pub mod settle;
pub mod shortfalls;
pub mod standstill;
pub mod start;
mod story;
pub mod tally;
pub mod tempo;
pub mod traces;
pub mod traffic;
pub mod watch;
