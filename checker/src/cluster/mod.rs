//! Real processes and real sockets: the world in which a live run happens.

pub mod build;
pub mod error;
pub mod shim_layout;
pub mod shim_page;
#[cfg(test)]
mod toy;
