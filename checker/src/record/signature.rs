//! A stable name for an anomaly, equal for two runs that found the same thing.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    checks::Anomaly,
    history::{Event, Phase},
    record::fault::FaultRecord,
};

/// `check/kind@fault+fault`: the check that speaks, the kind of anomaly, and the kinds of fault that were in
/// force while the witness's operations were open (`calm` for none). Keys, numbers and times are left out:
/// they differ from seed to seed.
pub fn signature(check: &str, anomaly: &Anomaly, history: &[Event], faults: &[FaultRecord]) -> String {
    let witness: BTreeSet<u64> = anomaly.operations.iter().copied().collect();
    let mut open = BTreeMap::new();
    let mut kinds = BTreeSet::new();
    for event in history.iter().filter(|event| witness.contains(&event.operation)) {
        if matches!(event.phase, Phase::Invoke { .. }) {
            open.insert(event.operation, event.time_ns);
        } else if let Some(start_ns) = open.remove(&event.operation) {
            kinds.extend(striking(faults, start_ns, event.time_ns));
        }
    }
    for start_ns in open.into_values() {
        kinds.extend(striking(faults, start_ns, start_ns));
    }
    let faults = if kinds.is_empty() {
        "calm".to_owned()
    } else {
        Vec::from_iter(kinds).join("+")
    };
    format!("{check}/{}@{faults}", anomaly.kind)
}

fn striking(faults: &[FaultRecord], start_ns: u64, end_ns: u64) -> impl Iterator<Item = &'static str> {
    faults
        .iter()
        .filter(move |fault| fault.overlaps(start_ns, end_ns))
        .map(FaultRecord::kind)
}
