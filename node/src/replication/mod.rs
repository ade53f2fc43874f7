//! The replica set as clients see it: its configuration document, its timing, `hello` and status.

pub mod config_document;
pub mod dial;
pub mod hello;
pub mod probe;
pub mod status;
pub mod sync_status;
pub mod timing;
mod write_modes;
