//! Where a bug can be looked for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One of the three worlds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// Every order of events within bounds.
    Model,
    /// One order of events a seed, with faults, clocks and clients.
    Simulate,
    /// Real processes.
    Live,
}

impl World {
    /// All of them, the quickest first.
    pub const ALL: [Self; 3] = [Self::Model, Self::Simulate, Self::Live];

    /// Its name on the command line and in records.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Simulate => "simulate",
            Self::Live => "live",
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.word())
    }
}
