//! Real processes and real sockets: the world in which a live run happens.

pub mod build;
mod disk_image;
mod disk_rules;
pub mod doctor;
pub mod error;
pub mod fuse_disk;
pub mod launch;
pub mod leftovers;
mod machines;
pub mod network;
mod own_disk;
pub mod playground;
pub mod ports;
pub mod power;
pub mod proc_state;
pub mod process;
pub mod proxy;
pub mod rig;
pub mod shim_layout;
pub mod shim_page;
mod spawner;
pub mod suffer;
pub mod switch;
#[cfg(test)]
mod toy;
mod undo_journal;
#[cfg(test)]
mod unprivileged_tests;
