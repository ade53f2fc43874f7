//! From the history to the verdict.

use workloads::workload::Workload;

use crate::{
    checks::{Budget, Validity, Verdict, exactly_once, judge},
    history::{self, History, HistoryError, Marks},
    nemesis::fault::Fault,
    record::{
        directory::{RunDirectory, RunFile},
        fault::FaultRecord,
        verdict::VerdictRecord,
    },
};

/// Reads the history back from the disk: what is judged is what is kept.
///
/// # Errors
/// When it makes no sense.
pub fn read(directory: &RunDirectory) -> Result<History, HistoryError> {
    history::read(&directory.path(RunFile::History))
}

/// The names of all checks that the workloads ask for, each once, in the order of first mention.
pub fn checks(workloads: &[&'static Workload]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for name in workloads.iter().flat_map(|workload| workload.checks) {
        if !names.contains(name) {
            names.push(*name);
        }
    }
    names
}

/// Judges the history against the marks in the oplog, then lets them decide what the clients could not know.
pub fn with_marks(history: &mut History, marks: &Marks) -> Verdict {
    let mut verdict = exactly_once(history, marks);
    verdict.notes.extend(marks.resolve(history).words());
    verdict
}

/// What a run says of itself when [`is_forgotten`].
pub const FORGOTTEN: &str =
    "exactly-once: faults of this run made every member forget the beginning of its oplog";

/// Whether the marks decide nothing because faults did what they are for: machines were lost, oplogs outgrown. A mark
/// that is twice in what is left is a finding all the same.
pub fn is_forgotten(judged: &Verdict, marks: &Marks, faults: &[FaultRecord]) -> bool {
    let forgets = |record: &&FaultRecord| {
        matches!(
            record.fault,
            Fault::WipeData { .. }
                | Fault::Resync { .. }
                | Fault::FillOplog { .. }
                | Fault::TruncateFile { .. }
                | Fault::BitRot { .. }
        )
    };
    let undecided = judged.validity == Validity::Unknown && !marks.complete;
    undecided && faults.iter().any(|record| forgets(&record) && record.took_effect)
}

/// Runs the checks, and makes one word of theirs and of `others`.
///
/// # Errors
/// When the history cannot be read back.
pub fn verdict(
    directory: &RunDirectory,
    history: &History,
    names: &[&str],
    others: Vec<Verdict>,
    shortfalls: &[String],
    faults: &[FaultRecord],
) -> Result<VerdictRecord, HistoryError> {
    let mut verdicts = judge(history, names, &Budget::default());
    verdicts.extend(others);
    let events = history::read_events(&directory.path(RunFile::History))?;
    Ok(VerdictRecord::judge(verdicts, shortfalls, &events, faults))
}

#[cfg(test)]
mod tests {
    use super::*;
    use workloads::catalogue::WORKLOADS;

    #[test]
    fn every_check_is_asked_once() {
        let twice: Vec<&'static Workload> = WORKLOADS.iter().chain(WORKLOADS).collect();
        let names = checks(&twice);
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(names.len(), unique.len());
        assert!(!names.is_empty());
    }
}
