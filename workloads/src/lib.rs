//! What clients ask: operations, their ends, and the workloads that generate them. Pure and seeded: this
//! crate never knows who serves.

pub mod operation;
pub mod workload;
