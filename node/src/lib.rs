//! A replica-set member that speaks the MongoDB wire protocol: the shell around the pure core of `protocol`.

pub mod error_code;
pub mod query;
pub mod storage;
pub mod wire;
