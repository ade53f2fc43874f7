//! How the live cluster suffers: each fault is applied, measured and healed on real processes and sockets.
//!
//! One file per kind of power. All give the same two deeds: *apply* returns what is needed to heal and to
//! measure, *heal* undoes it and says by counters whether it struck.

mod binaries;
mod clocks;
mod commands;
mod copies;
mod disks;
mod effects;
mod enroll;
mod files;
mod limits;
mod links;
mod load;
mod membership;
mod operator;
mod processes;
mod sufferer;
mod throttle;

pub use sufferer::{Ongoing, Sufferer};
