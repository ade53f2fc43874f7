//! A run's contents with what several sections derive from them.

use std::collections::{BTreeMap, BTreeSet};

use super::operations::{self, Played};
use crate::{
    checks::{Anomaly, Verdict},
    record::{contents::RunContents, fault::FaultRecord, run::RunRecord, verdict::Overall},
};

/// What every section reads.
#[derive(Debug)]
pub(crate) struct View {
    /// What was stored.
    pub(crate) contents: RunContents,
    /// Operations by time of invocation.
    pub(crate) operations: Vec<Played>,
    /// Where each process is drawn.
    pub(crate) lanes: BTreeMap<u32, u32>,
    /// End of the last thing that happened.
    pub(crate) end_ns: u64,
    by_number: BTreeMap<u64, usize>,
}

impl View {
    /// Derives.
    pub(crate) fn new(contents: RunContents) -> Self {
        let operations = operations::join(&contents.history);
        let lanes = operations::lanes(&operations);
        let by_number = operations
            .iter()
            .enumerate()
            .map(|(place, played)| (played.number, place))
            .collect();
        let ends = [
            operations
                .iter()
                .map(|played| played.end_ns.unwrap_or(played.start_ns))
                .max(),
            contents.status.last().map(|sample| sample.time_ns),
            contents
                .faults
                .iter()
                .filter_map(|fault| fault.healed_ns.or(fault.applied_ns))
                .max(),
            contents
                .run
                .iter()
                .flat_map(|run| &run.phases)
                .map(|phase| phase.end_ns)
                .max(),
        ];
        let end_ns = ends.into_iter().flatten().max().unwrap_or(0).max(1_000);
        Self {
            contents,
            operations,
            lanes,
            end_ns,
            by_number,
        }
    }

    /// The run's description, if it could be read.
    pub(crate) fn run(&self) -> Option<&RunRecord> {
        self.contents.run.as_ref()
    }

    /// The one word; a run without a readable verdict is unknown.
    pub(crate) fn overall(&self) -> Overall {
        self.contents
            .verdict
            .as_ref()
            .map_or(Overall::Unknown, |verdict| verdict.overall)
    }

    /// The cause in one sentence.
    pub(crate) fn cause(&self) -> &str {
        self.contents.verdict.as_ref().map_or(
            "The run left no verdict: it was stopped before it was judged.",
            |verdict| &verdict.cause,
        )
    }

    /// An operation by its number.
    pub(crate) fn operation(&self, number: u64) -> Option<&Played> {
        self.by_number.get(&number).map(|place| &self.operations[*place])
    }

    /// Every anomaly with the check that found it, worst check first as stored.
    pub(crate) fn anomalies(&self) -> impl Iterator<Item = (&Verdict, &Anomaly)> {
        let checks = self.contents.verdict.iter().flat_map(|verdict| &verdict.checks);
        checks.flat_map(|verdict| verdict.anomalies.iter().map(move |anomaly| (verdict, anomaly)))
    }

    /// Numbers of all operations in a witness.
    pub(crate) fn witnesses(&self) -> BTreeSet<u64> {
        self.anomalies()
            .flat_map(|(_, anomaly)| anomaly.operations.iter().copied())
            .collect()
    }

    /// When the witness's operations were open: from the first invocation to the last completion.
    pub(crate) fn span(&self, anomaly: &Anomaly) -> Option<(u64, u64)> {
        let played = anomaly
            .operations
            .iter()
            .filter_map(|number| self.operation(*number));
        played
            .map(|played| (played.start_ns, played.end_ns.unwrap_or(played.start_ns)))
            .reduce(|one, two| (one.0.min(two.0), one.1.max(two.1)))
    }

    /// Faults in force while some operation of the witness was open.
    pub(crate) fn faults_during(&self, anomaly: &Anomaly) -> Vec<&FaultRecord> {
        let played: Vec<&Played> = anomaly
            .operations
            .iter()
            .filter_map(|number| self.operation(*number))
            .collect();
        let strikes = |fault: &&FaultRecord| {
            played
                .iter()
                .any(|played| fault.overlaps(played.start_ns, played.end_ns.unwrap_or(played.start_ns)))
        };
        self.contents.faults.iter().filter(strikes).collect()
    }

    /// Name of a member.
    pub(crate) fn member(&self, index: u8) -> String {
        let records = self.run().into_iter().flat_map(|run| &run.members);
        let name = records
            .filter(|record| record.index == index)
            .map(|record| super::text::visible(&record.name, 40))
            .next();
        name.unwrap_or_else(|| format!("n{index}"))
    }
}
