//! A replica-set member that speaks the MongoDB wire protocol: the shell around the pure core of `protocol`.

pub mod auth;
#[cfg(feature = "planted-bugs")]
pub mod bugs;
pub mod commands;
pub mod error_code;
pub mod options;
mod options_file;
pub mod peers;
pub mod query;
pub mod replication;
pub mod server;
pub mod storage;
pub mod wire;

/// The version of MongoDB whose behaviour drivers may expect.
pub const VERSION: &str = "7.0.14";
