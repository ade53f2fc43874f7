//! Everything that a run left behind, read with patience: what is missing or torn becomes a note.

use super::{
    SCHEMA,
    coverage::CoverageRecord,
    directory::{RunDirectory, RunFile},
    fault::FaultRecord,
    model::ModelRecord,
    replicas::ReplicaDiff,
    run::RunRecord,
    status::StatusSample,
    verdict::VerdictRecord,
};
use crate::history::{self, Event};

/// A run's directory in memory.
#[derive(Clone, Debug, Default)]
pub struct RunContents {
    /// `run.json`.
    pub run: Option<RunRecord>,
    /// `verdict.json`.
    pub verdict: Option<VerdictRecord>,
    /// `history.jsonl`, in file order.
    pub history: Vec<Event>,
    /// `faults.jsonl`, by index; the last line of an index counts.
    pub faults: Vec<FaultRecord>,
    /// `status.jsonl`, by time.
    pub status: Vec<StatusSample>,
    /// `model.json`, if the run has one.
    pub model: Option<ModelRecord>,
    /// `coverage.json`, if the run has one.
    pub coverage: Option<CoverageRecord>,
    /// `replicas.json`, if the run has one.
    pub replicas: Option<ReplicaDiff>,
    /// What could not be read, a sentence each.
    pub notes: Vec<String>,
}

impl RunContents {
    /// Reads the directory. Never fails: an empty directory gives empty contents and notes.
    pub fn read(directory: &RunDirectory) -> Self {
        let mut notes = Vec::new();
        let run: Option<RunRecord> = directory.read(RunFile::Run, &mut notes);
        let verdict = directory.read(RunFile::Verdict, &mut notes);
        let history = history::read_patiently(&directory.path(RunFile::History), &mut notes);
        let faults = last_of_each(directory.read_lines(RunFile::Faults, &mut notes));
        let mut status: Vec<StatusSample> = directory.read_lines(RunFile::Status, &mut notes);
        status.sort_by_key(|sample| (sample.time_ns, sample.member));
        if run.as_ref().is_some_and(|run| run.schema > SCHEMA) {
            notes.push("run.json was written by a newer checker; some of it may be missing here".to_owned());
        }
        Self {
            model: optional(directory, RunFile::Model, &mut notes),
            coverage: optional(directory, RunFile::Coverage, &mut notes),
            replicas: optional(directory, RunFile::Replicas, &mut notes),
            run,
            verdict,
            history,
            faults,
            status,
            notes,
        }
    }
}

/// Some runs have no such file; that is not worth a note.
fn optional<T: serde::de::DeserializeOwned>(
    directory: &RunDirectory,
    file: RunFile,
    notes: &mut Vec<String>,
) -> Option<T> {
    directory.has(file).then(|| directory.read(file, notes)).flatten()
}

/// A fault has a line when it is applied and one when it is healed.
fn last_of_each(lines: Vec<FaultRecord>) -> Vec<FaultRecord> {
    let by_index: std::collections::BTreeMap<u32, FaultRecord> =
        lines.into_iter().map(|record| (record.index, record)).collect();
    by_index.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_directory_is_read_with_notes() {
        let directory = tempfile::tempdir().unwrap();
        let contents = RunContents::read(&RunDirectory::open(directory.path()).unwrap());
        assert!(contents.run.is_none() && contents.history.is_empty());
        assert_eq!(contents.notes.len(), 5, "{:?}", contents.notes);
    }
}
