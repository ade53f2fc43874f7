//! When something was hunted, with which sources, and what else the machine did.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::{record::clock, run::environment};

/// What a figure needs beside it to be compared with another one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Circumstances {
    /// When it began, UTC.
    pub began: String,
    /// Commit of the sources.
    pub git: String,
    /// The longest for one trial.
    pub budget_ms: u64,
    /// How many processes were at work or wanted to be, the mean of the minute before it began.
    pub load: f32,
}

impl Circumstances {
    /// Those of this moment.
    pub fn now(budget: Duration) -> Self {
        Self {
            began: clock::utc_text(SystemTime::now()),
            git: environment::git(),
            budget_ms: u64::try_from(budget.as_millis()).unwrap_or(u64::MAX),
            load: environment::load().unwrap_or(0.0),
        }
    }
}
