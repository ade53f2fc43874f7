//! The shell around the core: does what the core asks, in order, and nothing else.
//!
//! One thread, one event loop ([`Server::run`]) that owns everything: the core's state, the oplog, the data, the
//! timers, the waiting clients. Reading order: [`event`], [`event_loop`], [`obey`], [`confirm`], [`request`],
//! [`connection`].

mod admin;
mod answer;
mod clients;
mod clone;
mod cluster_time;
mod confirm;
#[cfg(feature = "planted-bugs")]
mod confused_clone;
pub mod connection;
mod conversation;
mod data;
mod entry;
pub mod event;
mod event_loop;
mod fail_point;
mod faulty;
mod forward;
mod gate;
mod give_up;
#[cfg(feature = "planted-bugs")]
mod held_back;
mod inbox;
#[cfg(feature = "planted-bugs")]
mod left_behind;
mod linearizable;
mod obey;
mod pending;
mod read_concern;
mod reading;
mod recover;
mod request;
mod rollback_files;
mod session_reaper;
mod session_table;
mod snapshots;
mod stale;
mod start_error;
mod timers;
mod trace;

pub use event_loop::Server;
pub use start_error::StartError;
