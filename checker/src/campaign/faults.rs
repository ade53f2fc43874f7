//! What a campaign's runs suffered, added up: how often each fault struck, and how much of the set lost power.

use std::collections::BTreeMap;

use super::{merge::Merged, results::Results};
use crate::{
    nemesis::fault::Fault,
    record::{directory::RunFile, fault::FaultRecord, run::RunRecord},
};

/// Counts over all runs that were no canaries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suffered {
    /// By kind.
    pub struck: BTreeMap<String, u64>,
    /// Power losses of the whole set, of a majority that is not the whole, and of fewer.
    pub power_losses: [u64; 3],
}

impl Suffered {
    /// Reads the runs' own records. What is not there (a run that was never begun) counts for nothing.
    pub fn read(results: &Results, merged: &Merged) -> Self {
        let mut suffered = Self::default();
        for result in merged.results.iter().filter(|result| !result.canary) {
            let Some(directory) = results.run_of(result) else {
                continue;
            };
            let members = directory
                .read::<RunRecord>(RunFile::Run, &mut Vec::new())
                .map_or(0, |run| run.members.len());
            let lines: Vec<FaultRecord> = directory.read_lines(RunFile::Faults, &mut Vec::new());
            // A fault's last line counts.
            let last: BTreeMap<u32, FaultRecord> =
                lines.into_iter().map(|record| (record.index, record)).collect();
            last.values().for_each(|record| suffered.add(record, members));
        }
        suffered
    }

    /// In a line or two.
    pub fn words(&self) -> String {
        if self.struck.is_empty() {
            return String::new();
        }
        let kinds: Vec<String> = self
            .struck
            .iter()
            .map(|(kind, count)| format!("{kind} {count}"))
            .collect();
        let mut words = format!("faults that struck: {}\n", kinds.join(", "));
        let [whole, majority, fewer] = self.power_losses;
        if whole + majority + fewer > 0 {
            words.push_str(&format!(
                "power losses: {whole} of the whole set, {majority} of a majority, {fewer} of fewer\n"
            ));
        }
        words
    }

    fn add(&mut self, record: &FaultRecord, members: usize) {
        if !record.took_effect {
            return;
        }
        *self.struck.entry(record.fault.kind().to_owned()).or_default() += 1;
        if let Fault::PowerLoss { members: dark, .. } = &record.fault {
            let place = match dark.len() {
                all if all >= members => 0,
                most if most * 2 > members => 1,
                _ => 2,
            };
            self.power_losses[place] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fault::Recovery;

    #[test]
    fn power_losses_are_counted_by_how_much_of_the_set_they_took() {
        let mut suffered = Suffered::default();
        for (members, took_effect) in [
            (vec![0, 1, 2], true),
            (vec![0, 2], true),
            (vec![1], true),
            (vec![0, 1, 2], false),
        ] {
            let fault = Fault::PowerLoss {
                members,
                keep_permille: 0,
                seed: 1,
            };
            let record = FaultRecord {
                index: 0,
                nemesis: "power-loss".to_owned(),
                planned_ns: 0,
                applied_ns: Some(1),
                healed_ns: Some(2),
                took_effect,
                effect: BTreeMap::new(),
                words: fault.to_string(),
                fault,
                recovery: Recovery::default(),
            };
            suffered.add(&record, 3);
        }
        assert_eq!(
            suffered.words(),
            "faults that struck: power-loss 3\npower losses: 1 of the whole set, 1 of a majority, 1 of fewer\n"
        );
        assert_eq!(Suffered::default().words(), "");
    }
}
