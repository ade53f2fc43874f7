//! `coverage.json`: which rules of the protocol fired, and how often, in each world.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The world of real processes.
pub const LIVE: &str = "live";

/// The whole of `coverage.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoverageRecord {
    /// Version of this schema.
    pub schema: u32,
    /// World (`model`, `simulation`, `live`) to rule name to how often it fired. A rule of the list that never
    /// fired stands here with 0: what is missing from the list was not counted.
    pub worlds: BTreeMap<String, BTreeMap<String, u64>>,
}
