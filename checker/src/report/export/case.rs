//! One result, in the words that other tools share.

use crate::{
    record::verdict::Overall,
    report::{
        index::Summary,
        text::{shown, visible},
    },
};

/// One run, or one seed of a campaign.
#[derive(Clone, Debug)]
pub struct Case {
    /// Group: the workloads.
    pub class: String,
    /// Name within the group: the seed.
    pub name: String,
    /// What came out; `None` for a seed that was never run.
    pub overall: Option<Overall>,
    /// Why, in one sentence.
    pub cause: String,
    /// Stable names of its anomalies.
    pub signatures: Vec<String>,
    /// Command that repeats it.
    pub repeat: String,
    /// How long it took.
    pub duration_ms: u64,
    /// The seed.
    pub seed: u64,
}

impl Case {
    /// A stored run as a case.
    pub fn of(run: &Summary) -> Self {
        let workloads: Vec<&str> = run
            .run
            .workloads
            .iter()
            .map(|workload| workload.name.as_str())
            .collect();
        Self {
            class: format!("checker.{}", shown(&workloads.join("+"))),
            name: format!("seed {}", run.run.seed),
            overall: Some(run.overall),
            cause: visible(&run.cause, 1_000),
            signatures: run.signatures.iter().map(|signature| shown(signature)).collect(),
            repeat: visible(&run.run.commands.repeat, 2_000),
            duration_ms: run.run.duration_ms,
            seed: run.run.seed,
        }
    }

    /// The outcome's word; `missing` for a seed that was never run.
    pub fn word(&self) -> &'static str {
        self.overall.map_or("missing", Overall::word)
    }
}

#[cfg(test)]
pub(super) fn examples() -> Vec<Case> {
    let case = |seed, overall, cause: &str, signatures: &[&str]| Case {
        class: "checker.register".to_owned(),
        name: format!("seed {seed}"),
        overall,
        cause: cause.to_owned(),
        signatures: signatures.iter().map(ToString::to_string).collect(),
        repeat: format!("cargo run -p checker -- run --seed {seed}"),
        duration_ms: 15_250,
        seed,
    };
    vec![
        case(1, Some(Overall::Pass), "nothing broke", &[]),
        case(
            2,
            Some(Overall::Violation),
            "k3 < k4 & \"lost\" ]]>|pipe",
            &["linearizable/stale-read@kill"],
        ),
        case(3, Some(Overall::Unknown), "gave up", &[]),
        case(4, Some(Overall::Invalid), "no byte held", &[]),
        case(5, None, "never run", &[]),
    ]
}
