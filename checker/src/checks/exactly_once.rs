//! `exactly-once`: every acknowledged majority write is in the committed oplog once, a refused one never, and one of
//! unknown end at most once, however often the driver sent it. Judged from the history and the oplog's marks: the live
//! runner calls it. It has no budget: it passes over both once.
//!
//! Source: MongoDB, "Retryable Writes"; MongoDB, "Write Concern" (w:majority is durable against rollback).

use std::collections::BTreeMap;

use workloads::operation::Observed;

use super::{Anomaly, Verdict, describe::describe, promised::is_durable};
use crate::history::{History, Mark, Marks, Op, is_marked};

const NAME: &str = "exactly-once";

/// Judges every write that carries a mark. O(n log n).
pub fn exactly_once(history: &History, marks: &Marks) -> Verdict {
    let by_operation = marks.by_operation();
    let mut anomalies = Vec::new();
    let (mut operations, mut promised, mut weak) = (0, 0, 0u64);
    for op in history.ops.iter().filter(|op| is_marked(&op.request.action)) {
        operations += 1;
        let entries = by_operation.get(&op.number).map_or(&[][..], Vec::as_slice);
        anomalies.extend(repeated(op, entries));
        match op.observed() {
            // A name that was taken is not written.
            Some(Observed::Taken) => {}
            Some(_) if !is_durable(&op.request.concerns) => weak += 1,
            Some(_) => {
                promised += 1;
                let (owed, found) = (op.request.action.documents(), entries.len());
                if marks.complete && found < owed {
                    let words = format!(
                        "{} was acknowledged by a majority, and the committed oplog has {found} of its {owed} changes",
                        describe(op)
                    );
                    anomalies.push(anomaly("lost-write", op, words));
                }
            }
            None if op.is_fail() && !entries.is_empty() => {
                let words = format!("{} did not happen, and the committed oplog has it", describe(op));
                anomalies.push(anomaly("refused-write-appeared", op, words));
            }
            None => {}
        }
    }
    let mut verdict = if !anomalies.is_empty() {
        anomalies.sort_by_key(|anomaly: &Anomaly| anomaly.kind != "lost-write");
        Verdict::invalid(NAME, operations, anomalies)
    } else if marks.complete {
        let summary = format!("{promised} acknowledged writes are in the committed oplog, no write is twice");
        Verdict::valid(NAME, operations, summary)
    } else {
        let reason = "the oplog has lost its beginning: nobody knows what was in it";
        Verdict::unknown(NAME, operations, reason.to_owned())
    };
    if weak > 0 {
        verdict.notes.push(format!(
            "{weak} acknowledged writes below majority may be lost: not demanded"
        ));
    }
    verdict
}

/// A document that one operation wrote twice.
fn repeated(op: &Op, entries: &[&Mark]) -> Option<Anomaly> {
    let mut counts: BTreeMap<(&str, i64), u32> = BTreeMap::new();
    for mark in entries {
        *counts.entry((&mark.collection, mark.id)).or_default() += 1;
    }
    let ((collection, id), count) = counts.into_iter().find(|(_, count)| *count > 1)?;
    let words = format!("{} was applied {count} times to {collection} {id}", describe(op));
    Some(anomaly("applied-twice", op, words))
}

fn anomaly(kind: &str, op: &Op, words: String) -> Anomaly {
    Anomaly {
        kind: kind.to_owned(),
        key: Some(op.request.action.key()),
        words,
        operations: vec![op.number],
    }
}

#[cfg(test)]
mod tests {
    use workloads::operation::{Action, Concerns, WriteConcern};

    use super::*;
    use crate::checks::{
        Validity,
        fixtures::{fail, history, info, ok, with},
    };

    #[test]
    fn each_anomaly_is_found_and_what_is_possible_is_accepted() {
        let write = Action::Write { key: 0, value: 5 };
        let done = || ok(1, 2, write.clone(), Observed::Done);
        let kinds = |op: Op, times: u64| {
            let marks = Marks {
                complete: true,
                entries: (0..times).map(|_| mark(0)).collect(),
            };
            let verdict = exactly_once(&history(vec![op]), &marks);
            let kinds: Vec<String> = verdict
                .anomalies
                .into_iter()
                .map(|anomaly| anomaly.kind)
                .collect();
            kinds.join(",")
        };
        assert_eq!(kinds(done(), 1), "");
        assert_eq!(kinds(done(), 0), "lost-write");
        assert_eq!(kinds(done(), 2), "applied-twice");
        for times in [0, 1] {
            assert_eq!(kinds(info(1, write.clone()), times), "");
        }
        assert_eq!(kinds(info(1, write.clone()), 2), "applied-twice");
        assert_eq!(kinds(fail(1, 2, write.clone()), 0), "");
        assert_eq!(kinds(fail(1, 2, write.clone()), 1), "refused-write-appeared");
        let weak = Concerns {
            write: WriteConcern::One,
            ..Concerns::MAJORITY
        };
        assert_eq!(kinds(with(weak, done()), 0), "");
        let taken = ok(1, 2, Action::Claim { key: 0, value: 1 }, Observed::Taken);
        assert_eq!(kinds(taken, 0), "");
    }

    #[test]
    fn a_cut_oplog_proves_no_loss() {
        let write = ok(1, 2, Action::Write { key: 0, value: 5 }, Observed::Done);
        let verdict = exactly_once(&history(vec![write]), &Marks::default());
        assert_eq!(verdict.validity, Validity::Unknown);
    }

    fn mark(operation: u64) -> Mark {
        Mark {
            operation,
            collection: "registers".to_owned(),
            id: 0,
            value: Some(5),
            committed: true,
        }
    }
}
