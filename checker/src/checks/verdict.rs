//! Three-valued verdicts: valid, invalid with a witness, unknown with a reason.

use serde::{Deserialize, Serialize};

/// Three-valued truth, ordered by how bad it is for the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Validity {
    /// Proven right.
    Valid,
    /// Neither proven nor refuted (budget, too few operations, a check that crashed).
    Unknown,
    /// Refuted by a witness.
    Invalid,
}

/// What one check says of one history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Name of the check.
    pub check: String,
    /// Its answer.
    pub validity: Validity,
    /// One sentence for people: what was proven, refuted, or why it is unknown.
    pub summary: String,
    /// Number of operations that the check looked at.
    pub operations: u64,
    /// Each different violation, worst first; at most `Anomaly::LIMIT` are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub anomalies: Vec<Anomaly>,
    /// CPU milliseconds spent.
    #[serde(default)]
    pub spent_ms: u64,
    /// Notes: indeterminate writes resolved, keys left out, downgraded promises.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl Verdict {
    /// Proven right.
    pub fn valid(check: &str, operations: u64, summary: String) -> Self {
        Self::new(check, Validity::Valid, operations, summary)
    }

    /// Neither proven nor refuted; `reason` says why.
    pub fn unknown(check: &str, operations: u64, reason: String) -> Self {
        Self::new(check, Validity::Unknown, operations, reason)
    }

    /// Refuted by `anomalies` (worst first, not empty); those over [`Anomaly::LIMIT`] are counted in a note.
    pub fn invalid(check: &str, operations: u64, mut anomalies: Vec<Anomaly>) -> Self {
        let summary = anomalies
            .first()
            .map_or_else(String::new, |worst| worst.words.clone());
        let mut verdict = Self::new(check, Validity::Invalid, operations, summary);
        if anomalies.len() > Anomaly::LIMIT {
            verdict.notes.push(format!(
                "{} further violations are left out",
                anomalies.len() - Anomaly::LIMIT
            ));
            anomalies.truncate(Anomaly::LIMIT);
        }
        verdict.anomalies = anomalies;
        verdict
    }

    fn new(check: &str, validity: Validity, operations: u64, summary: String) -> Self {
        Self {
            check: check.to_owned(),
            validity,
            summary,
            operations,
            anomalies: Vec::new(),
            spent_ms: 0,
            notes: Vec::new(),
        }
    }
}

/// One violation, with the smallest set of operations that shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// Stable kind: `stale-read`, `lost-write`, `G1a`, `replicas-differ`, …
    pub kind: String,
    /// Key concerned, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<u32>,
    /// In words: why no order exists, naming operations as `#12`.
    pub words: String,
    /// Operation numbers of the witness (`Event::operation`), in the order of the story.
    pub operations: Vec<u64>,
}

impl Anomaly {
    /// How many anomalies a verdict keeps.
    pub const LIMIT: usize = 16;
}
