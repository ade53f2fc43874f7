//! `no-dirty-read`: a majority read never shows what did not happen, or what is taken back later.
use std::collections::{BTreeMap, BTreeSet};

use workloads::operation::{Key, Observed, Value};

use super::{
    Anomaly, Budget, Check, Verdict,
    describe::describe,
    holders::{Holder, looked_at, written},
    linearizable::FastMap,
    promised::is_committed,
};
use crate::history::{History, Op};

pub(super) const CHECK: Check = Check {
    name: "no-dirty-read",
    promise: "majority and linearizable reads show only what a majority holds for good: no refused write, and \
              nothing that a later final read lacks",
    complexity: "O(n + R)",
    source: "MongoDB, \"Read Concern majority\"; Adya 1999 G1a (aborted read); Jepsen dirty-read workload",
    anomalies: &["aborted-read", "rolled-back-read"],
    run,
};

fn run(history: &History, _budget: &Budget) -> Verdict {
    let mut anomalies = refused_seen(history);
    let (elements, taken_back) = taken_back(history);
    anomalies.extend(taken_back);
    let strong = history
        .ops
        .iter()
        .filter(|op| op.is_ok() && is_strong(op))
        .count() as u64;
    if !anomalies.is_empty() {
        return Verdict::invalid(CHECK.name, strong, anomalies);
    }
    let summary = format!(
        "{strong} reads showed no refused write; {elements} elements seen were still there at the end"
    );
    Verdict::valid(CHECK.name, strong, summary)
}

fn is_strong(op: &Op) -> bool {
    op.request.action.is_read() && is_committed(&op.request.concerns)
}

fn seen(op: &Op) -> Vec<Value> {
    match op.observed() {
        Some(Observed::Register(Some(value))) => vec![*value],
        Some(Observed::Elements(elements)) => elements.clone(),
        _ => Vec::new(),
    }
}

/// Values whose every write was refused, and that were read all the same.
fn refused_seen(history: &History) -> Vec<Anomaly> {
    let mut refused: FastMap<(u8, Key, Value), Option<&Op>> = FastMap::default();
    for op in &history.ops {
        for (holder, key, value) in written(&op.request.action) {
            let entry = refused.entry((holder as u8, key, value)).or_insert(Some(op));
            if !op.is_fail() {
                *entry = None;
            }
        }
    }
    refused.retain(|_, op| op.is_some());
    if refused.is_empty() {
        return Vec::new();
    }
    let mut anomalies = Vec::new();
    for read in history.ops.iter().filter(|op| is_strong(op)) {
        let Some((holder, key)) = looked_at(&read.request.action) else {
            continue;
        };
        for value in seen(read) {
            if let Some(Some(writer)) = refused.get(&(holder as u8, key, value)) {
                let words = format!(
                    "{} saw {value} of {}, which did not happen",
                    describe(read),
                    describe(writer)
                );
                anomalies.push(anomaly("aborted-read", key, words, &[writer, read]));
            }
        }
    }
    anomalies
}

/// Elements that a strong read saw and that a final read, called after it returned, lacks.
fn taken_back(history: &History) -> (usize, Vec<Anomaly>) {
    let mut first_seen: BTreeMap<(Holder, Key), FastMap<Value, &Op>> = BTreeMap::new();
    for read in history.ops.iter().filter(|op| is_strong(op) && op.is_ok()) {
        let looked_at = looked_at(&read.request.action).filter(|(holder, _)| *holder != Holder::Register);
        if let Some((holder, key)) = looked_at {
            let firsts = first_seen.entry((holder, key)).or_default();
            for value in seen(read) {
                let first = firsts.entry(value).or_insert(read);
                if read.returned < first.returned {
                    *first = read;
                }
            }
        }
    }
    let mut anomalies = Vec::new();
    for last in history.ops.iter().filter(|op| op.last && op.is_ok()) {
        let Some((holder, key)) = looked_at(&last.request.action) else {
            continue;
        };
        let Some(firsts) = first_seen.get(&(holder, key)) else {
            continue;
        };
        let present: BTreeSet<Value> = seen(last).into_iter().collect();
        let mut missing: Vec<(&Value, &&Op)> = firsts
            .iter()
            .filter(|(value, first)| first.returned < last.call && !present.contains(value))
            .collect();
        missing.sort_unstable_by_key(|(value, _)| **value);
        missing.truncate(Anomaly::LIMIT);
        for (value, first) in missing {
            let writer = history
                .ops
                .iter()
                .find(|op| written(&op.request.action).contains(&(holder, key, *value)));
            let words = format!(
                "{} saw {value}, and {} does not hold it any more",
                describe(first),
                describe(last)
            );
            let involved: Vec<&Op> = writer.into_iter().chain([*first, last]).collect();
            anomalies.push(anomaly("rolled-back-read", key, words, &involved));
            if anomalies.len() >= Anomaly::LIMIT {
                return (first_seen.values().map(FastMap::len).sum(), anomalies);
            }
        }
    }
    (first_seen.values().map(FastMap::len).sum(), anomalies)
}

fn anomaly(kind: &str, key: Key, words: String, involved: &[&Op]) -> Anomaly {
    let operations = involved.iter().map(|op| op.number).collect();
    Anomaly {
        kind: kind.to_owned(),
        key: Some(key),
        words,
        operations,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{
        Validity,
        fixtures::{fail, history, info, last, ok, with},
    };
    use workloads::operation::{Concerns, ReadConcern};

    use workloads::operation::Action;

    #[test]
    fn refused_and_taken_back_values_are_found() {
        let write = |value| Action::Write { key: 0, value };
        let saw = |value| ok(5, 6, Action::Read { key: 0 }, Observed::Register(Some(value)));
        let dirty = history(vec![fail(1, 2, write(7)), saw(7)]);
        let verdict = run(&dirty, &Budget::default());
        assert_eq!(
            (verdict.validity, verdict.anomalies[0].kind.as_str()),
            (Validity::Invalid, "aborted-read")
        );
        assert_eq!(verdict.anomalies[0].operations, [0, 1]);
        let fine = history(vec![info(1, write(7)), saw(7)]);
        assert_eq!(run(&fine, &Budget::default()).validity, Validity::Valid);

        let elements = |all: &[Value]| Observed::Elements(all.to_vec());
        let look = |call, all: &[Value]| ok(call, call + 1, Action::ReadSet { key: 1 }, elements(all));
        let rolled_back = history(vec![look(3, &[1, 2]), last(look(8, &[1]))]);
        let verdict = run(&rolled_back, &Budget::default());
        assert_eq!(
            (verdict.validity, verdict.anomalies[0].kind.as_str()),
            (Validity::Invalid, "rolled-back-read")
        );
        let local = Concerns {
            read: ReadConcern::Local,
            ..Concerns::MAJORITY
        };
        let permitted = history(vec![with(local, look(3, &[1, 2])), last(look(8, &[1]))]);
        assert_eq!(run(&permitted, &Budget::default()).validity, Validity::Valid);
    }
}
