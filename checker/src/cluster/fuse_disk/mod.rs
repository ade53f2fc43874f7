//! A disk of a member's own, in memory, served through FUSE: what is not synced is really lost.

mod content;
mod disk;
mod inode;
mod listings;
mod mount;
mod names;
mod probe;
mod rules;
mod server;
mod state;
mod status;

#[cfg(test)]
pub(crate) use mount::tests::play_owner;
pub use mount::{DISK_BYTES, FuseDisk};
pub use names::NamesLaw;
pub use probe::probe;
