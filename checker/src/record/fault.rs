//! `faults.jsonl`: every disturbance, and the proof that it disturbed.
//!
//! One line per fault, written when it is applied and again (same `index`) when it is healed; the last line of
//! an index counts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::nemesis::fault::{Fault, Member};

/// One fault of the run: planned, applied, measured, healed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// Number of the fault in the run, from 0.
    pub index: u32,
    /// Name of the nemesis that decided it.
    #[serde(default)]
    pub nemesis: String,
    /// What it is.
    pub fault: Fault,
    /// When the nemesis wanted it.
    pub planned_ns: u64,
    /// When it was in force; `None` when it could not be applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_ns: Option<u64>,
    /// When it was over; `None` while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healed_ns: Option<u64>,
    /// Whether the counters prove an effect. A fault without effect makes the run `invalid`, never `pass`.
    pub took_effect: bool,
    /// What was measured: `processes_gone`, `bytes_held`, `clock_calls_skewed`, …
    #[serde(default)]
    pub effect: BTreeMap<String, u64>,
    /// One short sentence for people: "cut n0 (primary) from n1 and n2".
    pub words: String,
    /// How long the clients suffered; filled in when the run is over.
    #[serde(default)]
    pub recovery: Recovery,
}

impl FaultRecord {
    /// The fault's tag in JSON (`kill`, `partition`, …): its name in tables, bands and signatures.
    pub fn kind(&self) -> &'static str {
        self.fault.kind()
    }

    /// The members that it strikes, ascending. For a cut link: both ends.
    pub fn targets(&self) -> Vec<Member> {
        self.fault.members()
    }

    /// Whether it was in force at some moment between the two times.
    pub fn overlaps(&self, start_ns: u64, end_ns: u64) -> bool {
        self.applied_ns.is_some_and(|applied| {
            applied <= end_ns && self.healed_ns.is_none_or(|healed| healed >= start_ns)
        })
    }
}

/// How long the clients suffered, counted from the fault's own times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// From the application to the end of the first operation that began after it and ended `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_ok_after_apply_ns: Option<u64>,
    /// From the healing to the end of the first operation that began after it and ended `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_ok_after_heal_ns: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_targets_and_overlap() {
        let record = FaultRecord {
            index: 0,
            nemesis: "isolate-primary".to_owned(),
            fault: Fault::Partition {
                links: vec![(2, 0), (0, 2)],
                shape: "isolate".to_owned(),
            },
            planned_ns: 1,
            applied_ns: Some(10),
            healed_ns: Some(20),
            took_effect: true,
            effect: BTreeMap::new(),
            words: String::new(),
            recovery: Recovery::default(),
        };
        assert_eq!(record.kind(), "partition");
        assert_eq!(record.targets(), [0, 2]);
        assert!(record.overlaps(20, 30) && record.overlaps(0, 10) && record.overlaps(12, 13));
        assert!(!record.overlaps(21, 30) && !record.overlaps(0, 9));
        let jump = FaultRecord {
            fault: Fault::ClockJump {
                member: 1,
                offset_ms: -7,
            },
            applied_ns: None,
            ..record
        };
        assert_eq!((jump.kind(), jump.targets()), ("clock-jump", vec![1]));
        assert!(
            !jump.overlaps(0, u64::MAX),
            "a fault that was never applied overlaps nothing"
        );
    }
}
