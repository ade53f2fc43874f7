//! `counter`: every acknowledged increment counts exactly once, others at most once.

use std::collections::BTreeMap;

use workloads::operation::{Action, Key, Observed};

use super::{
    Budget, Check, Verdict,
    anomaly_list::Anomalies,
    budget::Exhausted,
    describe::describe,
    promised::{is_current, is_durable},
    watch::{Watch, within},
};
use crate::history::{History, Op};

pub(super) const CHECK: Check = Check {
    name: "counter",
    promise: "an acknowledged w:majority increment counts exactly once and one of unknown end at most once, also \
              when the driver retried it; each increment sees its own effect and all those before it",
    complexity: "O(n log n)",
    source: "Jepsen counter checker (bounds); MongoDB, \"Retryable Writes\"",
    anomalies: &[
        "counted-twice",
        "lost-increment",
        "lost-update",
        "count-went-back",
    ],
    run,
};

#[derive(Default)]
struct Counter<'a> {
    increments: Vec<(i64, &'a Op)>,
    reads: Vec<(i64, &'a Op)>,
}

fn run(history: &History, budget: &Budget) -> Verdict {
    within(CHECK.name, budget, |watch, anomalies| {
        judge(history, watch, anomalies)
    })
}

fn judge(history: &History, watch: &mut Watch, anomalies: &mut Anomalies) -> Result<Verdict, Exhausted> {
    let mut counters: BTreeMap<Key, Counter<'_>> = BTreeMap::new();
    for op in history.ops.iter().filter(|op| !op.is_fail()) {
        watch.step()?;
        // Where it is counted, and where it is put in order.
        watch.holds::<[(i64, &Op); 4]>(1);
        match (&op.request.action, op.observed()) {
            (Action::Increment { key, by }, _) => {
                counters.entry(*key).or_default().increments.push((*by, op))
            }
            (Action::ReadCounter { key }, Some(Observed::Count(count))) => {
                counters.entry(*key).or_default().reads.push((*count, op));
            }
            _ => {}
        }
    }
    let operations = counters
        .values()
        .map(|all| all.increments.len() + all.reads.len())
        .sum::<usize>() as u64;
    for (key, counter) in &counters {
        watch.look()?;
        let sums = Sums::of(&counter.increments, watch)?;
        for (count, read) in &counter.reads {
            if anomalies.is_full() {
                break;
            }
            // What proves one takes a walk through all increments.
            watch.steps(if anomalies.is_empty() {
                1
            } else {
                counter.increments.len()
            })?;
            within_bounds(*key, *count, read, &sums, &counter.increments, anomalies);
        }
        watch.look()?;
        if counter.increments.iter().any(|(by, _)| *by < 0) {
            // With decrements the same number can come back, and counts fall.
            continue;
        }
        counts_once(*key, &counter.increments, watch, anomalies)?;
        in_order(*key, counter, watch, anomalies)?;
    }
    Ok(anomalies.verdict(CHECK.name, operations, || {
        format!(
            "{} counters: every read lies between what was certain and what was possible",
            counters.len()
        )
    }))
}

/// Sums of increments up to a place, raising and lowering ones apart.
struct Sums {
    /// By place of the call: everything that may have begun.
    begun: Vec<(u32, i64, i64)>,
    /// By place of the return, majority-acknowledged ones: everything that is certain.
    certain: Vec<(u32, i64, i64)>,
}

impl Sums {
    fn of(increments: &[(i64, &Op)], watch: &mut Watch) -> Result<Self, Exhausted> {
        let begun = increments.iter().map(|(by, op)| (op.call, *by));
        let certain = increments
            .iter()
            .filter(|(_, op)| is_certain(op))
            .map(|(by, op)| (op.returned, *by));
        Ok(Self {
            begun: running(begun.collect(), watch)?,
            certain: running(certain.collect(), watch)?,
        })
    }

    /// Least and greatest possible count for a read.
    fn bounds(&self, read: &Op) -> (i64, i64) {
        let begun = before(&self.begun, read.returned);
        let certain = before(&self.certain, read.call);
        // Begun and not certain: may count or not.
        let raising = begun.0 - certain.0;
        let lowering = begun.1 - certain.1;
        let sure = certain.0 + certain.1;
        (sure + lowering, sure + raising)
    }
}

fn running(mut steps: Vec<(u32, i64)>, watch: &mut Watch) -> Result<Vec<(u32, i64, i64)>, Exhausted> {
    watch.sort(&mut steps)?;
    let (mut raising, mut lowering) = (0, 0);
    let sums = steps.into_iter().map(|(place, by)| {
        raising += by.max(0);
        lowering += by.min(0);
        (place, raising, lowering)
    });
    Ok(sums.collect())
}

fn before(sums: &[(u32, i64, i64)], place: u32) -> (i64, i64) {
    let count = sums.partition_point(|(at, ..)| *at < place);
    count
        .checked_sub(1)
        .map_or((0, 0), |last| (sums[last].1, sums[last].2))
}

fn is_certain(op: &Op) -> bool {
    op.is_ok() && is_durable(&op.request.concerns)
}

/// Reads that must show everything acknowledged before them.
fn shows_all(op: &Op) -> bool {
    op.last || is_current(&op.request.concerns)
}

fn within_bounds(
    key: Key,
    count: i64,
    read: &Op,
    sums: &Sums,
    increments: &[(i64, &Op)],
    anomalies: &mut Anomalies,
) {
    let (least, most) = sums.bounds(read);
    if count > most {
        let words = format!(
            "{} is more than {most}, all that was ever asked for before it returned",
            describe(read)
        );
        // What certainly lowered the count belongs to the proof.
        let lowering = increments
            .iter()
            .filter(|(by, op)| *by < 0 && is_certain(op) && op.returned < read.call);
        let involved: Vec<&Op> = lowering.map(|(_, op)| *op).chain([read]).collect();
        anomalies.add("counted-twice", key, words, &involved);
    } else if count < least && shows_all(read) {
        let proof = too_many(count, read, increments);
        let words = format!(
            "{} is less than {least}, what was acknowledged before it was called (last by {})",
            describe(read),
            proof.last().map_or_else(String::new, |op| describe(op))
        );
        let involved: Vec<&Op> = proof.into_iter().chain([read]).collect();
        anomalies.add("lost-increment", key, words, &involved);
    }
}

/// Acknowledged increments that are more than the read shows: one that saw more, or the fewest that add up to more.
fn too_many<'a>(count: i64, read: &Op, increments: &[(i64, &'a Op)]) -> Vec<&'a Op> {
    let before = || {
        increments
            .iter()
            .filter(|(_, op)| is_certain(op) && op.returned < read.call)
    };
    let lowers = increments.iter().any(|(by, _)| *by < 0);
    let saw_more = |op: &Op| matches!(op.observed(), Some(Observed::Count(seen)) if *seen > count);
    if let Some((_, op)) = before().find(|(_, op)| !lowers && saw_more(op)) {
        return vec![op];
    }
    let lowered: i64 = increments
        .iter()
        .filter(|(by, op)| *by < 0 && op.call < read.returned)
        .map(|(by, _)| *by)
        .sum();
    let mut raising: Vec<&(i64, &Op)> = before().filter(|(by, _)| *by > 0).collect();
    raising.sort_by_key(|(by, _)| std::cmp::Reverse(*by));
    let mut sum = lowered;
    let mut proof = Vec::new();
    for (by, op) in raising {
        if sum > count {
            break;
        }
        sum += by;
        proof.push(*op);
    }
    proof
}

/// An increment by `b` that left `c` owns the numbers `c - b + 1 ..= c`; no two own the same.
fn counts_once(
    key: Key,
    increments: &[(i64, &Op)],
    watch: &mut Watch,
    anomalies: &mut Anomalies,
) -> Result<(), Exhausted> {
    let mut owned: Vec<(i64, i64, u32)> = Vec::new();
    for (place, (by, op)) in (0u32..).zip(increments) {
        if let Some(Observed::Count(count)) = op.observed()
            && *by > 0
            && is_certain(op)
        {
            owned.push((count - by, *count, place));
        }
    }
    watch.sort(&mut owned)?;
    for pair in owned.windows(2).filter(|pair| pair[1].0 < pair[0].1) {
        let [one, next] = [pair[0], pair[1]].map(|(.., place)| increments[place as usize].1);
        let words = format!(
            "{} and {} both counted from before {}",
            describe(one),
            describe(next),
            pair[0].1
        );
        anomalies.add("lost-update", key, words, &[one, next]);
    }
    Ok(())
}

/// Without decrements, counts rise in real time.
fn in_order(
    key: Key,
    counter: &Counter<'_>,
    watch: &mut Watch,
    anomalies: &mut Anomalies,
) -> Result<(), Exhausted> {
    let increments = counter.increments.iter().filter(|(_, op)| is_certain(op));
    let increments = increments.filter_map(|(_, op)| match op.observed() {
        Some(Observed::Count(count)) => Some((*count, *op, true)),
        _ => None,
    });
    let reads = counter.reads.iter().filter(|(_, op)| shows_all(op));
    let seen: Vec<(i64, &Op, bool)> = increments
        .chain(reads.map(|(count, op)| (*count, *op, false)))
        .collect();
    let by = |moment: fn(&Op) -> u32| {
        let moments = (0u32..).zip(&seen);
        let moments: Vec<(u32, u32)> = moments.map(|(at, (_, op, _))| (moment(op), at)).collect();
        moments
    };
    let mut by_call = by(|op| op.call);
    watch.sort(&mut by_call)?;
    let mut by_return = by(|op| op.returned);
    watch.sort(&mut by_return)?;
    let mut returned = by_return.into_iter().peekable();
    let mut highest: Option<(i64, &Op)> = None;
    for (call, at) in by_call {
        watch.step()?;
        let (count, op, is_increment) = seen[at as usize];
        while let Some((_, at)) = returned.next_if(|(place, _)| *place < call) {
            let (count, op, _) = seen[at as usize];
            if highest.is_none_or(|(high, _)| count > high) {
                highest = Some((count, op));
            }
        }
        let Some((high, before)) = highest else { continue };
        if count < high || (is_increment && count == high) {
            let words = format!(
                "{} returned before {} was called, which saw less",
                describe(before),
                describe(op)
            );
            anomalies.add("count-went-back", key, words, &[before, op]);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::{
        Validity,
        fixtures::{fail, history, info, last, ok},
    };

    #[test]
    fn each_anomaly_is_found_and_what_is_possible_is_accepted() {
        let add = |by| Action::Increment { key: 0, by };
        let added = |call, by, count| ok(call, call + 1, add(by), Observed::Count(count));
        let read = |call, count| {
            last(ok(
                call,
                call + 1,
                Action::ReadCounter { key: 0 },
                Observed::Count(count),
            ))
        };
        let kinds = |ops: Vec<Op>| {
            let verdict = run(&history(ops), &Budget::default());
            verdict
                .anomalies
                .into_iter()
                .map(|anomaly| anomaly.kind)
                .collect::<Vec<_>>()
        };
        assert!(kinds(vec![added(1, 1, 1), added(3, 2, 3), read(9, 3)]).is_empty());
        for count in [1, 2] {
            assert!(kinds(vec![added(1, 1, 1), info(3, add(1)), read(9, count)]).is_empty());
        }
        assert_eq!(
            kinds(vec![added(1, 1, 1), info(3, add(1)), read(9, 3)]),
            ["counted-twice"]
        );
        assert_eq!(
            kinds(vec![added(1, 1, 1), fail(3, 4, add(1)), read(9, 2)]),
            ["counted-twice"]
        );
        assert!(
            kinds(vec![added(1, 1, 1), added(3, 1, 2), read(9, 1)]).contains(&"lost-increment".to_owned())
        );
        let both = vec![
            ok(1, 6, add(1), Observed::Count(1)),
            ok(2, 5, add(1), Observed::Count(1)),
            read(9, 2),
        ];
        assert_eq!(kinds(both), ["lost-update"]);
        assert_eq!(
            kinds(vec![added(1, 1, 2), added(3, 1, 1), read(9, 2)]),
            ["count-went-back"]
        );
        // A lowering increment of unknown end widens downwards.
        assert!(kinds(vec![added(1, 5, 5), info(3, add(-2)), read(9, 3)]).is_empty());
        assert_eq!(
            run(&history(vec![]), &Budget::default()).validity,
            Validity::Valid
        );
    }
}
