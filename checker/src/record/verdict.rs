//! `verdict.json`: what is said of the whole run, and by which check.

use serde::{Deserialize, Serialize};

use super::{SCHEMA, fault::FaultRecord, signature::signature};
use crate::{
    checks::{Validity, Verdict},
    history::{Event, Phase},
};

/// The one word over a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overall {
    /// Every check proved its promise, under faults that took effect.
    Pass,
    /// Some check could neither prove nor refute.
    Unknown,
    /// The run proves nothing: a fault without effect, or too little traffic.
    Invalid,
    /// Some check refuted its promise and has a witness.
    Violation,
}

impl Overall {
    /// As `verdict.json` spells it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Unknown => "unknown",
            Self::Invalid => "invalid",
            Self::Violation => "violation",
        }
    }
}

/// The whole of `verdict.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerdictRecord {
    /// Version of this schema.
    pub schema: u32,
    /// The one word.
    pub overall: Overall,
    /// Why, in one sentence.
    pub cause: String,
    /// Each check's own verdict.
    pub checks: Vec<Verdict>,
    /// A stable name for each different anomaly, worst first, without repetition.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<String>,
}

impl VerdictRecord {
    /// The rule that makes one word of many checks.
    ///
    /// A witness counts whatever else happened, so a violation comes first. Without one, a run with
    /// `shortfalls` (see [`super::run::RunRecord::shortfalls`]) proves nothing, whatever the checks say. A run
    /// that nobody judged is unknown.
    pub fn judge(
        checks: Vec<Verdict>,
        shortfalls: &[String],
        history: &[Event],
        faults: &[FaultRecord],
    ) -> Self {
        let first = |validity| checks.iter().find(|verdict| verdict.validity == validity);
        let (overall, cause) = if let Some(verdict) = first(Validity::Invalid) {
            (
                Overall::Violation,
                format!("{}: {}", verdict.check, verdict.summary),
            )
        } else if let Some(shortfall) = shortfalls.first() {
            (Overall::Invalid, shortfall.clone())
        } else if let Some(verdict) = first(Validity::Unknown) {
            (
                Overall::Unknown,
                format!("{}: {}", verdict.check, verdict.summary),
            )
        } else if checks.is_empty() {
            (Overall::Unknown, "no check judged this run".to_owned())
        } else {
            (Overall::Pass, praise(&checks, history))
        };
        let mut signatures = Vec::new();
        for verdict in &checks {
            for anomaly in &verdict.anomalies {
                let name = signature(&verdict.check, anomaly, history, faults);
                if !signatures.contains(&name) {
                    signatures.push(name);
                }
            }
        }
        Self {
            schema: SCHEMA,
            overall,
            cause,
            checks,
            signatures,
        }
    }
}

fn praise(checks: &[Verdict], history: &[Event]) -> String {
    let names: Vec<&str> = checks.iter().map(|verdict| verdict.check.as_str()).collect();
    let invoked = history
        .iter()
        .filter(|event| matches!(event.phase, Phase::Invoke { .. }));
    // Of a history that is no run of ours, the checks alone know.
    let judged = checks.iter().map(|verdict| verdict.operations).max();
    let operations = (invoked.count() as u64).max(judged.filter(|_| history.is_empty()).unwrap_or(0));
    format!(
        "nothing broke in {operations} operations: {} held",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::Anomaly;

    #[test]
    fn worst_word_wins_and_nothing_empty_is_green() {
        let judge = |validities: &[Validity], shortfalls: &[&str]| {
            let checks = validities.iter().map(|validity| verdict(*validity)).collect();
            let shortfalls: Vec<String> = shortfalls.iter().map(ToString::to_string).collect();
            VerdictRecord::judge(checks, &shortfalls, &[], &[]).overall
        };
        use Validity::{Invalid, Unknown, Valid};
        assert_eq!(judge(&[Valid, Valid], &[]), Overall::Pass);
        assert_eq!(judge(&[], &[]), Overall::Unknown);
        assert_eq!(judge(&[Valid, Unknown], &[]), Overall::Unknown);
        assert_eq!(judge(&[Valid, Unknown], &["no bytes held"]), Overall::Invalid);
        assert_eq!(judge(&[Valid, Invalid], &["no bytes held"]), Overall::Violation);
    }

    #[test]
    fn signatures_are_kept_once() {
        let mut broken = verdict(Validity::Invalid);
        broken.anomalies = vec![anomaly(1), anomaly(2)];
        let record = VerdictRecord::judge(vec![broken], &[], &[], &[]);
        assert_eq!(record.signatures, ["linearizable/stale-read@calm"]);
        assert_eq!(record.cause, "linearizable: told in a sentence");
    }

    fn verdict(validity: Validity) -> Verdict {
        Verdict {
            check: "linearizable".to_owned(),
            validity,
            summary: "told in a sentence".to_owned(),
            operations: 3,
            anomalies: Vec::new(),
            spent_ms: 0,
            notes: Vec::new(),
        }
    }

    fn anomaly(operation: u64) -> Anomaly {
        Anomaly {
            kind: "stale-read".to_owned(),
            key: Some(1),
            words: String::new(),
            operations: vec![operation],
        }
    }
}
