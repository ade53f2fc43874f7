//! What a reconfiguration does to one member's row.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A change of one row: at most one vote comes or goes, so that old and new majorities share a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "row", rename_all = "kebab-case")]
pub enum RowChange {
    /// The member is no longer one.
    Remove,
    /// It keeps the data, but neither votes nor stands for election.
    NoVote,
    /// It is preferred as primary (above 1), or never becomes one (0).
    Priority {
        /// The new priority; everybody else's is 1.
        priority: u32,
    },
}

impl fmt::Display for RowChange {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RowChange::Remove => write!(to, "is removed from the set"),
            RowChange::NoVote => write!(to, "loses its vote"),
            RowChange::Priority { priority } => write!(to, "gets priority {priority}"),
        }
    }
}
