//! `no-lost-write`: what a majority acknowledged is there at the end, on every member.
use std::collections::BTreeMap;

use workloads::operation::{Action, Key, Observed, Value};

use super::{
    Anomaly, Budget, Check, Verdict,
    describe::describe,
    linearizable::{FastMap, FastSet},
    promised::{is_committed, is_current, is_durable},
};
use crate::history::{History, Op};

pub(super) const CHECK: Check = Check {
    name: "no-lost-write",
    promise: "a write acknowledged by a majority is in every later final read of every member, a refused one in \
              none, nothing twice and nothing from nowhere",
    complexity: "O(n + R)",
    source: "MongoDB, \"Write Concern\": w:majority is durable against rollback; Jepsen set workload",
    anomalies: &[
        "lost-write",
        "duplicate-element",
        "phantom-element",
        "refused-write-appeared",
        "future-read",
    ],
    run,
};

/// What happened to the elements of one set or list.
#[derive(Default)]
struct Elements<'a> {
    writers: FastMap<Value, &'a Op>,
    /// Acknowledged by a majority, by value.
    promised: Vec<(Value, &'a Op)>,
    /// Acknowledged by less.
    weak: Vec<Value>,
    reads: Vec<(&'a Op, &'a [Value])>,
    /// Final reads that ended without an answer.
    missed: Vec<&'a Op>,
}

fn run(history: &History, _budget: &Budget) -> Verdict {
    let elements = gather(history);
    let operations: usize = elements
        .values()
        .map(|all| all.writers.len() + all.reads.len())
        .sum();
    let mut anomalies = Vec::new();
    let mut unread = None;
    for ((kind, key), all) in &elements {
        judge_one(kind, *key, all, &mut anomalies);
        if !all.promised.is_empty() && !all.reads.iter().any(|(op, _)| op.last) {
            unread.get_or_insert_with(|| format!("{kind} {key} has no successful final read"));
        } else if let Some(missed) = all.missed.first() {
            unread.get_or_insert_with(|| format!("a final read got no answer: {}", describe(missed)));
        }
    }
    let mut verdict = if !anomalies.is_empty() {
        // The kinds that cost data come first.
        anomalies.sort_by_key(|anomaly: &Anomaly| anomaly.kind != "lost-write");
        Verdict::invalid(CHECK.name, operations as u64, anomalies)
    } else if let Some(reason) = unread {
        Verdict::unknown(CHECK.name, operations as u64, reason)
    } else {
        let promised: usize = elements.values().map(|all| all.promised.len()).sum();
        let summary = format!("all {promised} acknowledged writes are in every final read");
        Verdict::valid(CHECK.name, operations as u64, summary)
    };
    verdict.notes.extend(weak_words(elements.values()));
    verdict
}

/// What became of acknowledged writes that promised nothing.
fn weak_words<'a>(elements: impl Iterator<Item = &'a Elements<'a>>) -> Option<String> {
    let (mut weak, mut gone) = (0u64, 0u64);
    for all in elements.filter(|all| !all.weak.is_empty()) {
        weak += all.weak.len() as u64;
        let last = all.reads.iter().rev().find(|(op, _)| op.last);
        let present: FastSet<Value> = last
            .map(|(_, found)| found.iter().copied().collect())
            .unwrap_or_default();
        gone += all
            .weak
            .iter()
            .filter(|value| last.is_some() && !present.contains(value))
            .count() as u64;
    }
    (weak > 0).then(|| {
        format!("{weak} acknowledged writes below majority promise nothing after a failover: {gone} of them are gone")
    })
}

/// Kind and name of each thing that an action reads (no value) or adds to.
fn concerned(action: &Action) -> Vec<(&'static str, Key, Option<Value>)> {
    match action {
        Action::Add { key, value } => vec![("set", *key, Some(*value))],
        Action::AddMany { key, values } => values.iter().map(|value| ("set", *key, Some(*value))).collect(),
        Action::Append { key, value } => vec![("list", *key, Some(*value))],
        Action::AppendMany { keys, value } => keys.iter().map(|key| ("list", *key, Some(*value))).collect(),
        Action::Log { key, value } => vec![("log", *key, Some(*value))],
        Action::ReadSet { key } => vec![("set", *key, None)],
        Action::ReadList { key } => vec![("list", *key, None)],
        Action::ReadLog { key } => vec![("log", *key, None)],
        _ => Vec::new(),
    }
}

fn gather(history: &History) -> BTreeMap<(&'static str, Key), Elements<'_>> {
    let mut elements: BTreeMap<(&'static str, Key), Elements<'_>> = BTreeMap::new();
    for op in &history.ops {
        for (kind, key, value) in concerned(&op.request.action) {
            let all = elements.entry((kind, key)).or_default();
            match (value, op.observed()) {
                (Some(value), seen) => {
                    all.writers.insert(value, op);
                    if seen.is_some() && is_durable(&op.request.concerns) {
                        all.promised.push((value, op));
                    } else if seen.is_some() {
                        all.weak.push(value);
                    }
                }
                (None, Some(Observed::Elements(found))) => all.reads.push((op, found)),
                (None, _) if op.last => all.missed.push(op),
                (None, _) => {}
            }
        }
    }
    elements
}

fn judge_one(kind: &str, key: Key, all: &Elements<'_>, anomalies: &mut Vec<Anomaly>) {
    let mut present: FastSet<Value> = FastSet::default();
    for (read, found) in &all.reads {
        present.clear();
        for value in *found {
            if !present.insert(*value) {
                let words = format!("{} holds {value} twice", describe(read));
                let involved: Vec<&Op> = all
                    .writers
                    .get(value)
                    .copied()
                    .into_iter()
                    .chain([*read])
                    .collect();
                anomalies.push(anomaly("duplicate-element", key, words, &involved));
            }
            match all.writers.get(value) {
                None => {
                    let words = format!(
                        "{} holds {value}, which was never written to {kind} {key}",
                        describe(read)
                    );
                    anomalies.push(anomaly("phantom-element", key, words, &[read]));
                }
                Some(writer) if writer.is_fail() && demands(read) => {
                    let words = format!(
                        "{} holds {value} of {}, which did not happen",
                        describe(read),
                        describe(writer)
                    );
                    anomalies.push(anomaly("refused-write-appeared", key, words, &[writer, read]));
                }
                Some(writer) if read.returned < writer.call => {
                    let words = format!(
                        "{} holds {value}, but returned before {} was called",
                        describe(read),
                        describe(writer)
                    );
                    anomalies.push(anomaly("future-read", key, words, &[read, writer]));
                }
                Some(_) => {}
            }
        }
        if !owes_everything(read) {
            continue;
        }
        for (value, writer) in &all.promised {
            if writer.returned < read.call && !present.contains(value) {
                let words = format!(
                    "{} was acknowledged by a majority before {} was called, which holds {} elements and not {value}",
                    describe(writer),
                    describe(read),
                    found.len()
                );
                anomalies.push(anomaly("lost-write", key, words, &[writer, read]));
            }
        }
        if anomalies.len() > Anomaly::LIMIT * 64 {
            return;
        }
    }
}

/// A local read may see what is rolled back later; stronger ones may not.
fn demands(read: &Op) -> bool {
    is_committed(&read.request.concerns)
}

/// Which reads must hold everything acknowledged before: the final ones (after healing, when every member has
/// caught up) and linearizable ones.
fn owes_everything(read: &Op) -> bool {
    read.last || is_current(&read.request.concerns)
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
    use workloads::operation::{Concerns, WriteConcern};

    const ADD: fn(Value) -> Action = |value| Action::Add { key: 0, value };
    const READ: Action = Action::ReadSet { key: 0 };

    #[test]
    fn each_anomaly_is_found() {
        let kinds = |ops: Vec<Op>| {
            let verdict = run(&history(ops), &Budget::default());
            verdict
                .anomalies
                .into_iter()
                .map(|anomaly| (anomaly.kind, anomaly.operations))
                .collect::<Vec<_>>()
        };
        let final_read = |elements: &[Value]| last(ok(20, 21, READ, Observed::Elements(elements.to_vec())));
        let added = |value| ok(1, 2, ADD(value), Observed::Done);
        assert_eq!(
            kinds(vec![added(1), final_read(&[])]),
            [("lost-write".to_owned(), vec![0, 1])]
        );
        assert_eq!(
            kinds(vec![added(1), final_read(&[1, 1])]),
            [("duplicate-element".to_owned(), vec![0, 1])]
        );
        assert_eq!(
            kinds(vec![added(1), final_read(&[1, 7])]),
            [("phantom-element".to_owned(), vec![1])]
        );
        let refused = fail(3, 4, ADD(2));
        assert_eq!(
            kinds(vec![added(1), refused, final_read(&[1, 2])]),
            [("refused-write-appeared".to_owned(), vec![1, 2])]
        );
        let early = ok(5, 6, READ, Observed::Elements(vec![1, 3]));
        let late = ok(7, 8, ADD(3), Observed::Done);
        assert_eq!(
            kinds(vec![added(1), early, late, final_read(&[1, 3])]),
            [("future-read".to_owned(), vec![1, 2])]
        );
    }

    #[test]
    fn unknown_writes_may_be_there_or_not_and_weak_ones_are_not_owed() {
        let weak = Concerns {
            write: WriteConcern::One,
            ..Concerns::MAJORITY
        };
        let ops = |elements: &[Value]| {
            vec![
                ok(1, 2, ADD(1), Observed::Done),
                info(3, ADD(2)),
                with(weak, ok(4, 5, ADD(3), Observed::Done)),
                last(ok(20, 21, READ, Observed::Elements(elements.to_vec()))),
            ]
        };
        for elements in [&[1][..], &[1, 2], &[1, 3], &[1, 2, 3]] {
            let verdict = run(&history(ops(elements)), &Budget::default());
            assert_eq!(verdict.validity, Validity::Valid, "{}", verdict.summary);
            assert_eq!(verdict.notes.len(), 1);
        }
    }

    #[test]
    fn without_a_final_read_nothing_is_proven() {
        let unread = vec![ok(1, 2, ADD(1), Observed::Done)];
        assert_eq!(
            run(&history(unread), &Budget::default()).validity,
            Validity::Unknown
        );
        let missed = vec![
            ok(1, 2, ADD(1), Observed::Done),
            last(ok(20, 21, READ, Observed::Elements(vec![1]))),
            last(info(22, READ)),
        ];
        assert_eq!(
            run(&history(missed), &Budget::default()).validity,
            Validity::Unknown
        );
    }
}
