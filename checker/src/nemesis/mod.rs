//! Who disturbs. A nemesis decides; the live cluster and the simulator suffer.

pub mod fault;
