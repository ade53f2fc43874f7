//! `model.json`: what the model checker found in every order of small worlds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::checks::{Anomaly, Validity, Verdict};

/// The whole of `model.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// Version of this schema.
    pub schema: u32,
    /// One per bounded model.
    pub models: Vec<ModelResult>,
    /// Simulated clusters beside them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulation: Option<SimulationResult>,
    /// World (`model`, `simulation`) to rule to how often it fired there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fired: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Simulated clusters, one a seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimulationResult {
    /// The first seed.
    pub from: u64,
    /// How many.
    pub seeds: u64,
    /// Steps of the core in all of them.
    pub steps: u64,
    /// Seconds of their clocks.
    pub simulated_s: u64,
    /// Time it took.
    pub elapsed_ms: u64,
    /// The first seed that broke something, and what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub violation: Option<(u64, String)>,
}

impl ModelRecord {
    /// What the models say, as one check among the others of a run: named after the first property that is
    /// broken, unknown when a model was not explored to its end or never reached what it must.
    pub fn verdict(&self) -> Verdict {
        let named = |outcome: PropertyOutcome| {
            self.models.iter().find_map(|model| {
                let broken = model
                    .properties
                    .iter()
                    .find(|property| property.outcome == outcome)?;
                Some((model, broken.name.clone()))
            })
        };
        let states: u64 = self.models.iter().map(|model| model.states).sum();
        let mut anomalies = Vec::new();
        let (validity, summary) = if let Some((model, name)) = named(PropertyOutcome::Violated) {
            let words = model.violation_chart.clone().unwrap_or_default();
            anomalies.push(Anomaly {
                kind: name.clone(),
                key: None,
                words,
                operations: Vec::new(),
            });
            (
                Validity::Invalid,
                format!("the model {} breaks \"{name}\"", model.name),
            )
        } else if let Some((seed, words)) = self
            .simulation
            .as_ref()
            .and_then(|simulation| simulation.violation.clone())
        {
            anomalies.push(Anomaly {
                kind: words.split(':').next().unwrap_or_default().to_owned(),
                key: None,
                words: words.clone(),
                operations: Vec::new(),
            });
            (
                Validity::Invalid,
                format!("the simulated cluster of seed {seed} ended in {words}"),
            )
        } else if let Some((model, name)) = named(PropertyOutcome::NotReached) {
            (
                Validity::Unknown,
                format!(
                    "the model {} never reached \"{name}\": it shows nothing",
                    model.name
                ),
            )
        } else if let Some(model) = self.models.iter().find(|model| !model.complete) {
            (
                Validity::Unknown,
                format!("the model {} was not explored to its end", model.name),
            )
        } else {
            let count = self.models.len();
            let simulated = self.simulation.as_ref().map_or_else(String::new, |simulation| {
                format!(
                    "; so do {} simulated clusters in {} steps",
                    simulation.seeds, simulation.steps
                )
            });
            (
                Validity::Valid,
                format!("every state of {count} models, {states} in all, keeps every invariant{simulated}"),
            )
        };
        Verdict {
            check: "model".to_owned(),
            validity,
            summary,
            operations: 0,
            anomalies,
            spent_ms: self.models.iter().map(|model| model.elapsed_ms).sum(),
            notes: Vec::new(),
        }
    }
}

/// One bounded model, explored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelResult {
    /// Its name.
    pub name: String,
    /// Its bounds in words: members, terms, entries, faults.
    #[serde(default)]
    pub bounds: String,
    /// Different states seen.
    pub states: u64,
    /// Longest path explored.
    #[serde(default)]
    pub depth: u64,
    /// Time it took.
    #[serde(default)]
    pub elapsed_ms: u64,
    /// Every state within the bounds was visited; `false` when a time or state limit ended it.
    pub complete: bool,
    /// What was asked of every state.
    pub properties: Vec<PropertyResult>,
    /// Sequence chart of the first violation, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub violation_chart: Option<String>,
}

impl ModelResult {
    /// Whether some property is violated, or a situation that must be possible was not reached.
    pub fn failed(&self) -> bool {
        self.properties.iter().any(|property| !property.outcome.is_good())
    }
}

/// One property of one model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PropertyResult {
    /// Its name.
    pub name: String,
    /// One sentence, with its source.
    #[serde(default)]
    pub about: String,
    /// What came out.
    pub outcome: PropertyOutcome,
}

/// What came out for one property.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PropertyOutcome {
    /// `always`: true in every state that was visited.
    Held,
    /// `always` or `eventually`: a path breaks it.
    Violated,
    /// `sometimes`: a path shows it.
    Reached,
    /// `sometimes`: no path shows it, so the model may be vacuous.
    NotReached,
}

impl PropertyOutcome {
    /// Held or reached.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Held | Self::Reached)
    }
}
