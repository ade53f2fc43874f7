//! The clients of a live run: one official MongoDB driver per process of the test, with retries off.
//!
//! Reading order: [`ProcessClient`] runs one operation and says how it ended; [`places`] says which document or
//! collection each key is; `actions/` holds one file per family of operations; [`error_class`] tells what
//! certainly did not happen from what nobody knows; [`limits`] bounds every wait.

mod actions;
mod connect;
pub mod error_class;
pub mod limits;
pub mod places;
mod process_client;
mod witness;

pub use connect::{direct, patient, replica_set};
pub use process_client::{Answer, ProcessClient};
