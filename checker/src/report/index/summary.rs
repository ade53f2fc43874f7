//! One run in one line.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::record::{
    coverage::{CoverageRecord, LIVE},
    directory::{RunDirectory, RunFile},
    fault::FaultRecord,
    run::RunRecord,
    verdict::{Overall, VerdictRecord},
};

/// What the index tells of a run.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The run's directory, relative to the index.
    pub place: PathBuf,
    /// `run.json`.
    pub run: RunRecord,
    /// The one word; unknown without a readable verdict.
    pub overall: Overall,
    /// Why, in one sentence.
    pub cause: String,
    /// Stable names of its anomalies.
    pub signatures: Vec<String>,
    /// Faults planned.
    pub faults: usize,
    /// Faults with a measured effect.
    pub struck: usize,
    /// Whether the page is there.
    pub has_report: bool,
    /// Rules of the protocol, and whether each fired live.
    pub rules: BTreeMap<String, bool>,
}

impl Summary {
    /// Reads a run's directory; `None` without a readable `run.json`.
    pub fn read(results: &Path, directory: &RunDirectory) -> Option<Self> {
        let mut notes = Vec::new();
        let run: RunRecord = directory.read(RunFile::Run, &mut notes)?;
        let verdict: Option<VerdictRecord> = directory.read(RunFile::Verdict, &mut notes);
        let faults: Vec<FaultRecord> = directory.read_lines(RunFile::Faults, &mut notes);
        let by_index: BTreeMap<u32, bool> = faults
            .iter()
            .map(|fault| (fault.index, fault.took_effect))
            .collect();
        let (overall, cause, signatures) = verdict.map_or_else(
            || {
                (
                    Overall::Unknown,
                    "stopped before it was judged".to_owned(),
                    Vec::new(),
                )
            },
            |verdict| (verdict.overall, verdict.cause, verdict.signatures),
        );
        let coverage: Option<CoverageRecord> = directory.read(RunFile::Coverage, &mut notes);
        let live = coverage.and_then(|mut coverage| coverage.worlds.remove(LIVE));
        Some(Self {
            place: directory
                .root()
                .strip_prefix(results)
                .unwrap_or(directory.root())
                .to_owned(),
            run,
            overall,
            cause,
            signatures,
            faults: by_index.len(),
            struck: by_index.values().filter(|struck| **struck).count(),
            has_report: directory.has(RunFile::Report),
            rules: live
                .into_iter()
                .flatten()
                .map(|(rule, count)| (rule, count > 0))
                .collect(),
        })
    }
}
