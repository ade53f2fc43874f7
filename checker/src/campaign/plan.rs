//! What a campaign runs: a list of scenarios with weights, in a TOML file.
//!
//! ```toml
//! name = "nightly"
//! reruns = 20                  # of each new failure, for a reproduction rate
//! guided = true                # schedules that reached something new are kept and changed
//! in_turn = true               # scenarios in their order, not drawn: for a campaign that must have run them all
//!
//! [[scenario]]
//! name = "register under everything"
//! weight = 8
//! arguments = ["--workload", "register", "--time", "15s"]
//!
//! [[scenario]]
//! name = "canary: acknowledges before a majority"
//! canary = true                # must be found, or the night proves nothing
//! arguments = ["--workload", "register", "--planted-bug", "acknowledge_before_majority"]
//! ```

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    error::CampaignError,
    seed::{draw, seed},
};
use crate::nemesis::redraw::Redraws;

/// A campaign's plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Name in reports.
    pub name: String,
    /// How often each failure is run again.
    #[serde(default)]
    pub reruns: u32,
    /// Schedules that reached something new are kept and changed: see [`super::guide`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guided: bool,
    /// Scenarios come in their order, each as often as its weight says, instead of being drawn.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_turn: bool,
    /// What there is to choose from.
    pub scenario: Vec<Scenario>,
}

/// One kind of run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Name in reports.
    pub name: String,
    /// How often it is chosen, in relation to the others.
    #[serde(default = "one")]
    pub weight: u32,
    /// The run is sabotaged and must end in a violation.
    #[serde(default)]
    pub canary: bool,
    /// Arguments of `checker run`, without seed and directory.
    #[serde(default)]
    pub arguments: Vec<String>,
}

/// One run of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task<'a> {
    /// Its number in the campaign.
    pub number: u64,
    /// Its seed.
    pub seed: u64,
    /// From which turns on something else is drawn.
    pub redraws: Redraws,
    /// What to run.
    pub scenario: &'a Scenario,
}

impl Plan {
    /// Reads a plan.
    pub fn read(path: &Path) -> Result<Self, CampaignError> {
        let wrong = |reason: String| CampaignError::File {
            path: path.to_owned(),
            reason,
        };
        let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let plan: Self = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if plan.scenario.iter().all(|scenario| scenario.weight == 0) {
            return Err(wrong("no scenario has a weight above 0".to_owned()));
        }
        Ok(plan)
    }

    /// What run `number` is. Depends on the plan, the base and the number only.
    pub fn task(&self, base: &str, number: u64) -> Task<'_> {
        let total: u64 = self
            .scenario
            .iter()
            .map(|scenario| u64::from(scenario.weight))
            .sum();
        let place = if self.in_turn {
            number
        } else {
            draw(base, "scenario", number)
        };
        let mut place = place % total.max(1);
        let chosen = self.scenario.iter().find(|scenario| {
            let weight = u64::from(scenario.weight);
            let here = place < weight;
            place = place.saturating_sub(weight);
            here
        });
        // Weights sum up to `total`, so the loop ends within the list; a plan without weights was refused.
        let scenario = chosen.unwrap_or(&self.scenario[0]);
        Task {
            number,
            seed: seed(base, number),
            redraws: Redraws::default(),
            scenario,
        }
    }

    /// A name for what the plan asks: equal plans ask the same.
    pub fn fingerprint(&self, base: &str) -> String {
        let text = serde_json::to_string(&(self, base)).unwrap_or_default();
        let digest = Sha256::digest(text.as_bytes());
        let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        format!("{} {base} {hex}", self.name)
    }
}

fn one() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_kept_and_choices_are_stable() {
        let plan: Plan = toml::from_str(
            "name = \"night\"\n[[scenario]]\nname = \"a\"\nweight = 9\n[[scenario]]\nname = \"b\"\ncanary = true\n[[scenario]]\nname = \"never\"\nweight = 0\n",
        )
        .unwrap();
        let names: Vec<&str> = (0..1_000)
            .map(|number| plan.task("x", number).scenario.name.as_str())
            .collect();
        let canaries = names.iter().filter(|name| **name == "b").count();
        assert!((60..140).contains(&canaries), "{canaries}");
        assert!(!names.contains(&"never"));
        assert_eq!(plan.task("x", 7), plan.task("x", 7));
        assert_ne!(plan.fingerprint("x"), plan.fingerprint("y"));
    }

    #[test]
    fn in_turn_everything_comes_before_anything_comes_again() {
        let plan: Plan = toml::from_str(
            "name = \"all\"\nin_turn = true\n[[scenario]]\nname = \"a\"\nweight = 2\n[[scenario]]\nname = \"b\"\n",
        )
        .unwrap();
        let names: Vec<&str> = (0..7)
            .map(|number| plan.task("x", number).scenario.name.as_str())
            .collect();
        assert_eq!(names, ["a", "a", "b", "a", "a", "b", "a"]);
    }

    #[test]
    fn the_clean_hours_leave_nothing_out() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/campaigns/clean.toml");
        let plan = Plan::read(&path).expect("it can be read");
        let arguments = || plan.scenario.iter().flat_map(|scenario| &scenario.arguments);
        let asked: std::collections::BTreeSet<&str> =
            arguments().flat_map(|words| words.split(',')).collect();
        let nemeses = crate::nemesis::NEMESES.iter().map(|nemesis| nemesis.name);
        let workloads = workloads::catalogue::WORKLOADS
            .iter()
            .map(|workload| workload.name);
        let missing: Vec<&str> = nemeses
            .chain(workloads)
            .filter(|name| !asked.contains(name))
            .collect();
        assert_eq!(missing, ["disk-lies"]);
    }

    #[test]
    fn a_misspelt_plan_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("plan.toml");
        for (text, word) in [
            ("name = \"x\"\nscenarios = []", "scenarios"),
            ("name = \"x\"\nscenario = []", "weight"),
            ("name = ", "line 1"),
        ] {
            fs::write(&path, text).unwrap();
            let error = Plan::read(&path).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
