//! `hunt.json`: what was hunted, who caught it, and how soon.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{circumstances::Circumstances, world::World};

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
    /// When, with which sources, for how long, beside what.
    #[serde(default)]
    pub circumstances: Circumstances,
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
    /// Models, seeds, dialogues or runs that were needed, or were looked at.
    pub seeds: u64,
    /// What showed it, in words.
    pub words: String,
}

/// The clean node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clean {
    /// Where.
    pub world: World,
    /// When, with which sources, beside what.
    #[serde(default)]
    pub circumstances: Circumstances,
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

    /// How many of its trials caught it.
    pub fn catches(&self) -> usize {
        let caught = self.trials.iter().filter(|trial| trial.caught_by.is_some());
        caught.count()
    }

    /// The oracles that caught it, each once, by name.
    pub fn oracles(&self) -> Vec<&str> {
        let caught = self.trials.iter().filter_map(|trial| trial.caught_by.as_deref());
        caught.collect::<BTreeSet<&str>>().into_iter().collect()
    }

    /// All oracles that spoke, each once, by name.
    pub fn seen(&self) -> Vec<&str> {
        let seen = self.trials.iter().flat_map(|trial| &trial.seen);
        let seen: BTreeSet<&str> = seen.map(String::as_str).collect();
        seen.into_iter().collect()
    }

    /// What a trial needed, or looked at in vain: the median.
    pub fn seeds(&self) -> u64 {
        let mut seeds: Vec<u64> = self.trials.iter().map(|trial| trial.seeds).collect();
        seeds.sort_unstable();
        seeds.get(seeds.len() / 2).copied().unwrap_or(0)
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
            circumstances: Circumstances::default(),
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
    /// Several hunts as one: what was hunted twice counts as it was hunted last.
    pub fn joined(records: impl IntoIterator<Item = Self>) -> Self {
        let mut whole = Self::default();
        for record in records {
            let again = |cell: &Cell| {
                let mut own = record.cells.iter();
                own.any(|new| (&new.bug, new.world) == (&cell.bug, cell.world))
            };
            whole.cells.retain(|cell| !again(cell));
            whole.cells.extend(record.cells);
            whole.clean.extend(record.clean);
            whole.schema = record.schema;
            whole.began = record.began;
            whole.git = record.git;
            whole.budget_ms = whole.budget_ms.max(record.budget_ms);
            whole.trials = whole.trials.max(record.trials);
        }
        whole
            .cells
            .sort_by(|left, right| (&left.bug, left.world).cmp(&(&right.bug, right.world)));
        whole
    }

    /// Every bug that was hunted, by id, with its name.
    pub fn bugs(&self) -> BTreeSet<(&str, &str)> {
        let cells = self.cells.iter();
        cells
            .map(|cell| (cell.bug.as_str(), cell.name.as_str()))
            .collect()
    }

    /// Every world in which something was hunted.
    pub fn worlds(&self) -> BTreeSet<World> {
        self.cells.iter().map(|cell| cell.world).collect()
    }

    /// One bug in one world.
    pub fn find(&self, bug: &str, world: World) -> Option<&Cell> {
        let mut cells = self.cells.iter();
        cells.find(|cell| cell.bug == bug && cell.world == world)
    }

    /// The worst time in the world that finds this bug soonest in every trial; nothing when none does.
    pub fn soonest_ms(&self, bug: &str) -> Option<u64> {
        let cells = self
            .cells
            .iter()
            .filter(|cell| cell.bug == bug && cell.is_caught());
        cells.filter_map(Cell::times_ms).map(|(_, worst)| worst).min()
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_hunted_twice_counts_as_it_was_hunted_last() {
        let hunt = |bug: &str, world, times: &[Option<u64>]| HuntRecord {
            cells: vec![Cell {
                bug: bug.to_owned(),
                name: "forgets".to_owned(),
                world,
                circumstances: Circumstances::default(),
                must_name: Vec::new(),
                trials: times.iter().map(|time| trial(*time)).collect(),
            }],
            clean: vec![Clean::new(world)],
            ..HuntRecord::default()
        };
        let whole = HuntRecord::joined([
            hunt("E03", World::Live, &[Some(7_000)]),
            hunt("C12", World::Simulate, &[None]),
            hunt("C12", World::Live, &[Some(9_000), None]),
            hunt("C12", World::Simulate, &[Some(5), Some(30), Some(20)]),
        ]);
        let order: Vec<(&str, World)> = whole
            .cells
            .iter()
            .map(|cell| (cell.bug.as_str(), cell.world))
            .collect();
        assert_eq!(
            order,
            [
                ("C12", World::Simulate),
                ("C12", World::Live),
                ("E03", World::Live)
            ]
        );
        assert_eq!(whole.clean.len(), 4, "each clean hunt is evidence of its own");
        assert_eq!(
            (whole.soonest_ms("C12"), whole.soonest_ms("C01")),
            (Some(30), None)
        );
    }

    fn trial(caught_ms: Option<u64>) -> Trial {
        Trial {
            caught_by: caught_ms.map(|_| "check:no-lost-write".to_owned()),
            elapsed_ms: caught_ms.unwrap_or(60_000),
            ..Trial::default()
        }
    }
}
