//! `hunt.json`: what was hunted, who caught it, and how soon.

use serde::{Deserialize, Serialize};

use super::world::World;

/// The whole of `hunt.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HuntRecord {
    /// Version of this schema.
    pub schema: u32,
    /// When it began, UTC.
    pub began: String,
    /// Commit of the sources.
    pub git: String,
    /// The longest that one bug was looked for in one world and trial.
    pub budget_ms: u64,
    /// How often each was begun anew.
    pub trials: u64,
    /// The matrix: one cell for each bug and world.
    pub cells: Vec<Cell>,
    /// The clean node under the same runs.
    pub clean: Vec<Clean>,
}

/// One bug in one world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Its id.
    pub bug: String,
    /// Its name.
    pub name: String,
    /// Where it was looked for.
    pub world: World,
    /// The guarantees that it breaks: who must catch it.
    pub must_name: Vec<String>,
    /// One after the other.
    pub trials: Vec<Trial>,
}

/// One search, from its first seed on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The oracle that caught it; nothing if none that names the right guarantee did in time.
    pub caught_by: Option<String>,
    /// All oracles that spoke, the first one first.
    pub seen: Vec<String>,
    /// How long it took, or how long was looked.
    pub elapsed_ms: u64,
    /// Models, seeds or runs that were needed, or were looked at.
    pub seeds: u64,
    /// What showed it, in words.
    pub words: String,
}

/// The clean node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clean {
    /// Where.
    pub world: World,
    /// Models, seeds or runs.
    pub runs: u64,
    /// Client operations in them.
    pub operations: u64,
    /// Faults that struck in them.
    pub faults: u64,
    /// False alarms, in words.
    pub alarms: Vec<String>,
    /// Runs that proved nothing, in words.
    pub invalid: Vec<String>,
    /// How long it took.
    pub elapsed_ms: u64,
}

impl Cell {
    /// It was caught in every trial.
    pub fn is_caught(&self) -> bool {
        !self.trials.is_empty() && self.trials.iter().all(|trial| trial.caught_by.is_some())
    }

    /// Median and worst time of the trials that caught it.
    pub fn times_ms(&self) -> Option<(u64, u64)> {
        let caught = self.trials.iter().filter(|trial| trial.caught_by.is_some());
        let mut times: Vec<u64> = caught.map(|trial| trial.elapsed_ms).collect();
        times.sort_unstable();
        Some((*times.get(times.len() / 2)?, *times.last()?))
    }
}

impl Clean {
    /// Nothing has run yet.
    pub fn new(world: World) -> Self {
        Self {
            world,
            runs: 0,
            operations: 0,
            faults: 0,
            alarms: Vec::new(),
            invalid: Vec::new(),
            elapsed_ms: 0,
        }
    }
}

impl HuntRecord {
    /// Every bug was caught in at least one world, and the clean node was silent.
    pub fn is_passed(&self) -> bool {
        let caught = |bug: &str| {
            let own = self.cells.iter().filter(|cell| cell.bug == bug);
            own.clone().count() == 0 || own.clone().any(Cell::is_caught)
        };
        self.cells.iter().all(|cell| caught(&cell.bug)) && self.is_silent()
    }

    /// No false alarm.
    pub fn is_silent(&self) -> bool {
        self.clean.iter().all(|clean| clean.alarms.is_empty())
    }
}
