//! `monotonic-timestamps`: the server's operation times rise in real time.

use std::{cmp::Reverse, collections::BinaryHeap};

use workloads::operation::{Action, Observed, WriteConcern};

use super::{
    Budget, Check, Verdict,
    anomaly_list::Anomalies,
    budget::Exhausted,
    describe::describe,
    watch::{Watch, within},
};
use crate::history::{History, Op};

pub(super) const CHECK: Check = Check {
    name: "monotonic-timestamps",
    promise: "of two w:majority writes, the one that returned before the other was called has the smaller operation \
              time, and no two have the same, whatever the wall clocks do",
    complexity: "O(n log n)",
    source: "MongoDB, replication: the timestamps of an oplog only rise, and a new primary begins after all it has seen",
    anomalies: &["same-time", "time-went-back"],
    run,
};

fn run(history: &History, budget: &Budget) -> Verdict {
    within(CHECK.name, budget, |watch, anomalies| {
        judge(history, watch, anomalies)
    })
}

fn judge(history: &History, watch: &mut Watch, anomalies: &mut Anomalies) -> Result<Verdict, Exhausted> {
    let mut times: Vec<(u64, u32)> = Vec::new();
    // Operations that others may still overlap, by return: few, as only as many as there are clients are open at once.
    let mut open: BinaryHeap<Reverse<(u32, u64, u32)>> = BinaryHeap::new();
    let mut latest: Option<(u64, &Op)> = None;
    for (place, op) in (0u32..).zip(&history.ops) {
        watch.step()?;
        let (Action::Stamp { .. }, Some(Observed::Stamped(time))) = (&op.request.action, op.observed())
        else {
            continue;
        };
        if op.request.concerns.write != WriteConcern::Majority {
            continue;
        }
        // Where it stands, and where it is sorted.
        watch.holds::<[(u64, u32); 2]>(1);
        times.push((*time, place));
        while let Some(Reverse((returned, before, place))) = open.peek().copied()
            && returned < op.call
        {
            open.pop();
            if latest.is_none_or(|(high, _)| before > high) {
                latest = Some((before, &history.ops[place as usize]));
            }
        }
        open.push(Reverse((op.returned, *time, place)));
        if let Some((high, before)) = latest
            && *time < high
        {
            let words = format!(
                "{} returned before {} was called, which has an earlier time",
                describe(before),
                describe(op)
            );
            anomalies.add("time-went-back", op.request.action.key(), words, &[before, op]);
        }
    }
    watch.sort(&mut times)?;
    for pair in times.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let [one, next] = [pair[0], pair[1]].map(|(_, place)| &history.ops[place as usize]);
        let words = format!(
            "{} and {} have the same operation time",
            describe(one),
            describe(next)
        );
        anomalies.add("same-time", one.request.action.key(), words, &[one, next]);
    }
    let operations = times.len() as u64;
    Ok(anomalies.verdict(CHECK.name, operations, || {
        format!("{operations} operation times rise in real time")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::fixtures::{history, ok};

    #[test]
    fn times_that_go_back_or_repeat_are_found() {
        let stamp = |call, returned, time| {
            ok(
                call,
                returned,
                Action::Stamp { key: 0, value: 1 },
                Observed::Stamped(time),
            )
        };
        let kinds = |ops: Vec<Op>| {
            let verdict = run(&history(ops), &Budget::default());
            verdict
                .anomalies
                .into_iter()
                .map(|anomaly| (anomaly.kind, anomaly.operations))
                .collect::<Vec<_>>()
        };
        assert!(kinds(vec![stamp(1, 4, 7), stamp(2, 3, 9), stamp(5, 6, 10)]).is_empty());
        assert_eq!(
            kinds(vec![stamp(1, 2, 9), stamp(3, 4, 7)]),
            [("time-went-back".to_owned(), vec![0, 1])]
        );
        assert_eq!(
            kinds(vec![stamp(1, 4, 9), stamp(2, 3, 9)]),
            [("same-time".to_owned(), vec![0, 1])]
        );
    }
}
