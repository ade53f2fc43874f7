//! What clients ask: operations, their ends, and the workloads that generate them. Pure and seeded: this
//! crate never knows who serves.
//!
//! Reading order: [`operation`] (what is asked and seen), [`workload`] (what a workload is), [`catalogue`] (the
//! list of them).

pub mod catalogue;
mod dice;
pub mod operation;
pub mod workload;
