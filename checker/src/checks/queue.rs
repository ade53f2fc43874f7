//! `queue`: every acknowledged job is taken exactly once.

use std::collections::BTreeMap;

use workloads::operation::{Action, Key, Observed, Value, WriteConcern};

use super::{
    Budget, Check, Verdict,
    anomaly_list::Anomalies,
    budget::Exhausted,
    describe::describe,
    linearizable::FastMap,
    watch::{Watch, within},
};
use crate::history::{History, Op};

pub(super) const CHECK: Check = Check {
    name: "queue",
    promise: "a job put in with w:majority and taken by find-and-modify with w:majority is taken by exactly one \
              client",
    complexity: "O(n log n)",
    source: "Jepsen total-queue checker; MongoDB, \"findAndModify\"",
    anomalies: &[
        "taken-twice",
        "phantom-job",
        "refused-job-appeared",
        "future-job",
        "lost-job",
    ],
    run,
};

#[derive(Default)]
struct Queue<'a> {
    put: FastMap<Value, &'a Op>,
    taken: FastMap<Value, &'a Op>,
    /// Jobs that were taken once more, by whom before and by whom now.
    again: Vec<(Value, &'a Op, &'a Op)>,
    /// Final takes that found nothing, by call.
    drained: Vec<&'a Op>,
    /// Takes of unknown end: each may have taken one job.
    unknown_takes: u64,
}

fn run(history: &History, budget: &Budget) -> Verdict {
    within(CHECK.name, budget, |watch, anomalies| {
        judge(history, watch, anomalies)
    })
}

fn judge(history: &History, watch: &mut Watch, anomalies: &mut Anomalies) -> Result<Verdict, Exhausted> {
    let mut queues: BTreeMap<Key, Queue<'_>> = BTreeMap::new();
    let mut operations = 0;
    for op in &history.ops {
        watch.step()?;
        match (&op.request.action, op.observed()) {
            (Action::Enqueue { key, value }, _) => {
                queues.entry(*key).or_default().put.insert(*value, op);
            }
            (Action::Dequeue { key }, seen) => {
                take(queues.entry(*key).or_default(), op, seen);
            }
            _ => continue,
        }
        watch.holds::<(Value, &Op)>(1);
        operations += 1;
    }
    let mut undrained = None;
    for (key, queue) in &queues {
        for (value, before, op) in &queue.again {
            let words = format!("{} and {} took the same job", describe(before), describe(op));
            let put = queue.put.get(value).copied();
            let involved: Vec<&Op> = put.into_iter().chain([*before, *op]).collect();
            anomalies.add("taken-twice", *key, words, &involved);
        }
        for (value, take) in &queue.taken {
            watch.step()?;
            match queue.put.get(value) {
                None => anomalies.add(
                    "phantom-job",
                    *key,
                    format!("{}, which nobody put in", describe(take)),
                    &[take],
                ),
                Some(put) if put.is_fail() => {
                    let words = format!(
                        "{} took the job of {}, which did not happen",
                        describe(take),
                        describe(put)
                    );
                    anomalies.add("refused-job-appeared", *key, words, &[put, take]);
                }
                Some(put) if take.returned < put.call => {
                    let words = format!(
                        "{} took the job before {} was called",
                        describe(take),
                        describe(put)
                    );
                    anomalies.add("future-job", *key, words, &[take, put]);
                }
                Some(_) => {}
            }
        }
        match queue.drained.last() {
            Some(drained) => {
                watch.look()?;
                lost_jobs(*key, queue, drained, anomalies);
            }
            None if queue.put.is_empty() => {}
            None => {
                undrained.get_or_insert(*key);
            }
        }
    }
    if let Some(key) = undrained.filter(|_| anomalies.is_empty()) {
        let reason = format!("queue {key} was not drained at the end");
        return Ok(Verdict::unknown(CHECK.name, operations, reason));
    }
    Ok(anomalies.verdict(CHECK.name, operations, || {
        format!("{} queues: every acknowledged job was taken once", queues.len())
    }))
}

fn take<'a>(queue: &mut Queue<'a>, op: &'a Op, seen: Option<&Observed>) {
    let durable = op.request.concerns.write == WriteConcern::Majority;
    match seen {
        Some(Observed::Job(Some(value))) if durable => {
            if let Some(before) = queue.taken.insert(*value, op) {
                queue.again.push((*value, before, op));
            }
        }
        Some(Observed::Job(None)) if op.last => queue.drained.push(op),
        Some(_) if !durable => queue.unknown_takes += 1,
        None if op.is_info() => queue.unknown_takes += 1,
        _ => {}
    }
}

/// When the queue is empty, every job acknowledged before must have been taken by someone. Takes of unknown end
/// excuse as many jobs as there are such takes.
fn lost_jobs(key: Key, queue: &Queue<'_>, drained: &Op, anomalies: &mut Anomalies) {
    let mut missing: Vec<&&Op> = queue
        .put
        .iter()
        .filter(|(value, put)| {
            put.is_ok()
                && put.request.concerns.write == WriteConcern::Majority
                && put.returned < drained.call
                && !queue.taken.contains_key(value)
        })
        .map(|(_, put)| put)
        .collect();
    missing.sort_unstable_by_key(|put| put.call);
    let excused = usize::try_from(queue.unknown_takes).unwrap_or(usize::MAX);
    if missing.len() > excused {
        for put in missing.iter().skip(excused) {
            if anomalies.is_full() {
                break;
            }
            let words = format!(
                "{} was acknowledged, {} found the queue empty, and nobody took it ({} jobs are missing, {excused} takes \
                 have an unknown end)",
                describe(put),
                describe(drained),
                missing.len()
            );
            // Those that may be excused belong to the proof: with one of them less nothing is lost for certain.
            let mut involved: Vec<&Op> = missing.iter().take(excused).map(|put| **put).collect();
            involved.extend([**put, drained]);
            anomalies.add("lost-job", key, words, &involved);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{
        Validity,
        fixtures::{fail, history, info, last, ok},
    };

    #[test]
    fn each_anomaly_is_found() {
        let put = |call, value| ok(call, call + 1, Action::Enqueue { key: 0, value }, Observed::Done);
        let took = |call, job| ok(call, call + 1, Action::Dequeue { key: 0 }, Observed::Job(job));
        let kinds = |mut ops: Vec<Op>| {
            ops.push(last(took(90, None)));
            let verdict = run(&history(ops), &Budget::default());
            verdict
                .anomalies
                .into_iter()
                .map(|anomaly| anomaly.kind)
                .collect::<Vec<_>>()
        };
        assert!(kinds(vec![put(1, 1), took(3, Some(1)), took(5, None)]).is_empty());
        assert!(kinds(vec![put(1, 1), info(3, Action::Dequeue { key: 0 })]).is_empty());
        assert!(kinds(vec![info(1, Action::Enqueue { key: 0, value: 1 })]).is_empty());
        assert_eq!(kinds(vec![put(1, 1)]), ["lost-job"]);
        assert_eq!(
            kinds(vec![put(1, 1), took(3, Some(1)), took(5, Some(1))]),
            ["taken-twice"]
        );
        assert_eq!(kinds(vec![took(3, Some(1))]), ["phantom-job"]);
        assert_eq!(kinds(vec![took(3, Some(1)), put(5, 1)]), ["future-job"]);
        let refused = fail(1, 2, Action::Enqueue { key: 0, value: 1 });
        assert_eq!(kinds(vec![refused, took(3, Some(1))]), ["refused-job-appeared"]);
        let undrained = run(&history(vec![put(1, 1)]), &Budget::default());
        assert_eq!(undrained.validity, Validity::Unknown);
    }
}
