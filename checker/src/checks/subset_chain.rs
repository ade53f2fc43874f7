//! `subset-chain`: majority reads of a set that only grows are each contained in the next larger one.

use std::collections::BTreeMap;

use workloads::operation::{Action, Key, Observed, Value};

use super::{
    Budget, Check, Verdict,
    anomaly_list::Anomalies,
    budget::Exhausted,
    describe::describe,
    holders::{Holder, written},
    linearizable::{FastMap, FastSet},
    promised::is_committed,
    watch::{Watch, within},
};
use crate::history::{History, Op};

pub(super) const CHECK: Check = Check {
    name: "subset-chain",
    promise: "majority reads show prefixes of one order of commitment: of two reads of a set that only grows, one \
              contains the other",
    complexity: "O(n + R)",
    source: "MongoDB, \"Read Concern majority\" (the committed snapshot only advances); Jepsen set-full",
    anomalies: &["contradicting-snapshots"],
    run,
};

fn run(history: &History, budget: &Budget) -> Verdict {
    within(CHECK.name, budget, |watch, anomalies| {
        judge(history, watch, anomalies)
    })
}

fn judge(history: &History, watch: &mut Watch, anomalies: &mut Anomalies) -> Result<Verdict, Exhausted> {
    let mut sets: BTreeMap<Key, Vec<(&[Value], &Op)>> = BTreeMap::new();
    for op in &history.ops {
        watch.step()?;
        if let (Action::ReadSet { key }, Some(Observed::Elements(found))) =
            (&op.request.action, op.observed())
            && is_committed(&op.request.concerns)
        {
            watch.holds::<(&[Value], &Op)>(1);
            sets.entry(*key).or_default().push((found, op));
        }
    }
    let operations = sets.values().map(Vec::len).sum::<usize>() as u64;
    for (key, reads) in &mut sets {
        reads.sort_by_key(|(found, _)| found.len());
        // Element to the last read (by rank) that holds it: linear, as each read is compared with one other.
        let mut holder: FastMap<Value, usize> = FastMap::default();
        for (rank, (found, op)) in reads.iter().enumerate() {
            watch.steps(found.len() + 1)?;
            let (mut common, before) = (0, holder.len());
            for value in *found {
                if holder
                    .insert(*value, rank)
                    .is_some_and(|before| before + 1 == rank)
                {
                    common += 1;
                }
            }
            watch.holds::<(Value, usize)>(holder.len() - before);
            let Some((smaller, before)) = rank.checked_sub(1).map(|before| reads[before]) else {
                continue;
            };
            if common < smaller.len() && !anomalies.is_full() {
                watch.look()?;
                let of = |elements: &[Value]| elements.iter().copied().collect::<FastSet<Value>>();
                let (in_smaller, in_found) = (of(smaller), of(found));
                let missing = smaller.iter().find(|value| !in_found.contains(value));
                let extra = found.iter().find(|value| !in_smaller.contains(value));
                let (Some(missing), Some(extra)) = (missing, extra) else {
                    continue;
                };
                let words = format!(
                    "{} holds {missing} and not {extra}, {} holds {extra} and not {missing}: no order of commitment \
                     has both",
                    describe(before),
                    describe(op)
                );
                let writer = |value: &Value| {
                    let place = (Holder::Set, *key, *value);
                    history
                        .ops
                        .iter()
                        .find(|op| written(&op.request.action).contains(&place))
                };
                let mut involved: Vec<&Op> = [writer(missing), writer(extra)].into_iter().flatten().collect();
                involved.extend([before, *op]);
                anomalies.add("contradicting-snapshots", *key, words, &involved);
            }
        }
    }
    Ok(anomalies.verdict(CHECK.name, operations, || {
        format!("{operations} reads show growing snapshots of one order")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::fixtures::{history, ok};

    #[test]
    fn snapshots_that_contradict_each_other_are_found() {
        let look = |call, all: &[Value]| {
            ok(
                call,
                call + 1,
                Action::ReadSet { key: 0 },
                Observed::Elements(all.to_vec()),
            )
        };
        let judge = |ops| run(&history(ops), &Budget::default()).anomalies.len();
        assert_eq!(
            judge(vec![
                look(1, &[]),
                look(3, &[2]),
                look(5, &[1, 2]),
                look(7, &[2]),
                look(9, &[2, 1, 3])
            ]),
            0
        );
        let verdict = run(&history(vec![look(1, &[1]), look(3, &[2])]), &Budget::default());
        assert_eq!(verdict.anomalies[0].kind, "contradicting-snapshots");
        assert_eq!(judge(vec![look(1, &[1]), look(3, &[2]), look(5, &[1, 2])]), 1);
        assert_eq!(judge(vec![look(1, &[1, 2]), look(3, &[2, 3, 4])]), 1);
    }
}
