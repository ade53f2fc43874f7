//! What came out of one run of a campaign, as `result.json`.

use serde::{Deserialize, Serialize};

use crate::{
    nemesis::redraw::Redraws,
    record::{seed, verdict::Overall},
};

/// How a run of a campaign ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything was proven.
    Pass,
    /// Neither proven nor refuted.
    Unknown,
    /// The run proves nothing.
    Invalid,
    /// It could not be run to its end (out of memory, killed, a bug of the checker): neither pass nor fail.
    /// It is run again when the campaign is resumed.
    Error,
    /// A guarantee was broken.
    Violation,
}

impl Outcome {
    /// As results spell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Unknown => "unknown",
            Self::Invalid => "invalid",
            Self::Error => "error",
            Self::Violation => "violation",
        }
    }

    /// The run's verdict; `None` for an error, which is no verdict.
    pub const fn overall(self) -> Option<Overall> {
        match self {
            Self::Pass => Some(Overall::Pass),
            Self::Unknown => Some(Overall::Unknown),
            Self::Invalid => Some(Overall::Invalid),
            Self::Violation => Some(Overall::Violation),
            Self::Error => None,
        }
    }
}

impl From<Overall> for Outcome {
    fn from(overall: Overall) -> Self {
        match overall {
            Overall::Pass => Self::Pass,
            Overall::Unknown => Self::Unknown,
            Overall::Invalid => Self::Invalid,
            Overall::Violation => Self::Violation,
        }
    }
}

/// What one run says, before the campaign adds its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOutcome {
    /// The one word.
    pub outcome: Outcome,
    /// Why, in one sentence.
    pub cause: String,
    /// Stable names of its anomalies.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<String>,
    /// Operations that were played.
    #[serde(default)]
    pub operations: u64,
    /// How long it took.
    #[serde(default)]
    pub duration_ms: u64,
    /// The run's directory, relative to the seed's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Command that repeats it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub repeat: String,
}

/// The whole of a seed's `result.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeedResult {
    /// Version of this schema.
    pub schema: u32,
    /// What the campaign asks: see [`super::plan::Plan::fingerprint`].
    pub campaign: String,
    /// Number in the campaign.
    pub number: u64,
    /// Its seed.
    #[serde(with = "seed")]
    pub seed: u64,
    /// From which turns of its nemeses on it drew something else.
    #[serde(default, skip_serializing_if = "Redraws::is_empty")]
    pub redraws: Redraws,
    /// Name of the scenario.
    pub scenario: String,
    /// It was sabotaged and must be a violation.
    #[serde(default)]
    pub canary: bool,
    /// What came out.
    #[serde(flatten)]
    pub result: RunOutcome,
    /// Why earlier attempts proved nothing: a machine that is short of time for a moment starves a run. What ends the list is
    /// the result.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proved_nothing: Vec<String>,
    /// How often the failure came back, when it was run again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reproduction: Option<Rate>,
}

/// So many times of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// Runs with a signature of the first one.
    pub seen: u32,
    /// Runs.
    pub of: u32,
}
