//! Makes room: a thousand passing runs need not keep their histories.

use std::{collections::BTreeSet, fs, path::Path};

use super::{error::CampaignError, merge::Merged, outcome::Outcome, results::Results};
use crate::record::{directory::RunFile, error::RecordError};

/// What stays of every run: enough for the index and for the trend.
const KEPT: [RunFile; 5] = [
    RunFile::Run,
    RunFile::Verdict,
    RunFile::Faults,
    RunFile::Situations,
    RunFile::Reproduction,
];

/// Drops the bulk (history, status, logs, page) of passing runs, of canaries that were found, and of violations
/// that are no signature's example. Returns how many runs were made small.
pub fn prune(results: &Results, merged: &Merged) -> Result<u64, CampaignError> {
    let examples: BTreeSet<u64> = merged
        .signatures
        .iter()
        .flat_map(|group| group.examples.iter().copied())
        .collect();
    let mut pruned = 0;
    for result in &merged.results {
        let expected = match result.result.outcome {
            Outcome::Pass => !result.canary,
            Outcome::Violation => {
                result.canary || !(result.result.signatures.is_empty() || examples.contains(&result.number))
            }
            _ => false,
        };
        let Some(run) = result.result.run.as_ref().filter(|_| expected) else {
            continue;
        };
        let directory = results.seed(result.number).join(run);
        if directory.is_dir() {
            make_small(&directory)?;
            pruned += 1;
        }
    }
    Ok(pruned)
}

fn make_small(directory: &Path) -> Result<(), CampaignError> {
    let entries = fs::read_dir(directory).map_err(RecordError::file(directory))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let kept = KEPT.iter().any(|file| entry.file_name() == file.name());
        if kept {
            continue;
        }
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_directory {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.map_err(RecordError::file(path))?;
    }
    Ok(())
}
