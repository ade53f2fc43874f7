//! Leaves out of a witness what can be left out.

use std::collections::BTreeSet;

use crate::checks::{Anomaly, Validity, Verdict};

/// Larger witnesses stay as they are: each attempt to leave one out judges all the others again.
const OPERATIONS_MAX: usize = 64;

/// Shrinks the witness of each anomaly. `judge` gives the verdict on the history of some operations alone.
pub(in crate::checks) fn smallest(verdict: &mut Verdict, judge: impl Fn(&BTreeSet<u64>) -> Verdict) {
    let mut anomalies: Vec<Anomaly> = Vec::with_capacity(verdict.anomalies.len());
    for anomaly in std::mem::take(&mut verdict.anomalies) {
        let smaller = shrink(anomaly, &judge);
        let known = |other: &Anomaly| other.kind == smaller.kind && other.operations == smaller.operations;
        if !anomalies.iter().any(known) {
            anomalies.push(smaller);
        }
    }
    if let Some(worst) = anomalies.first() {
        verdict.summary.clone_from(&worst.words);
    }
    verdict.anomalies = anomalies;
}

fn shrink(mut anomaly: Anomaly, judge: &impl Fn(&BTreeSet<u64>) -> Verdict) -> Anomaly {
    if anomaly.operations.len() > OPERATIONS_MAX || !refutes(&set(&anomaly), judge) {
        return anomaly;
    }
    while let Some(smaller) = anomaly
        .operations
        .iter()
        .find_map(|left_out| without(&anomaly, *left_out, judge))
    {
        anomaly = smaller;
    }
    anomaly
}

/// A violation among the other operations.
fn without(anomaly: &Anomaly, left_out: u64, judge: &impl Fn(&BTreeSet<u64>) -> Verdict) -> Option<Anomaly> {
    let mut rest = set(anomaly);
    rest.remove(&left_out);
    let verdict = judge(&rest);
    if verdict.validity != Validity::Invalid {
        return None;
    }
    let found = verdict.anomalies.into_iter().next()?;
    // What it names may not suffice alone; the rest does.
    if refutes(&set(&found), judge) {
        return Some(found);
    }
    Some(Anomaly {
        operations: anomaly
            .operations
            .iter()
            .copied()
            .filter(|number| *number != left_out)
            .collect(),
        ..found
    })
}

fn refutes(kept: &BTreeSet<u64>, judge: &impl Fn(&BTreeSet<u64>) -> Verdict) -> bool {
    judge(kept).validity == Validity::Invalid
}

fn set(anomaly: &Anomaly) -> BTreeSet<u64> {
    anomaly.operations.iter().copied().collect()
}
