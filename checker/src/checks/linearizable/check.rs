//! The check itself: each key by zones where values are unique, by search where not.

use std::{
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use workloads::operation::{Key, Value};

use super::{
    model::Timed,
    one_pass::{OnePass, one_pass},
    problem::{Effect, Problems, RegisterOp, Scratch},
    register::RegisterModel,
    search::{Outcome, search},
    shrink::shrink,
    words,
    zones::{ZoneAnswer, zones},
};
use crate::{
    checks::{
        Anomaly, Budget, Check, Verdict,
        budget::{Exhausted, Meter},
    },
    history::History,
};

pub(in crate::checks) const CHECK: Check = Check {
    name: "linearizable",
    promise: "w:majority writes and linearizable reads of one document behave as one copy: every operation takes \
              effect at one instant between its call and its return",
    complexity: "unique values: O(n log n), any number of clients and of crashed operations; otherwise bounded \
                 search, exponential in what is pending at once, never in n",
    source: "Herlihy & Wing 1990; Gibbons & Korach 1997; Wing & Gong 1993; Lowe 2017",
    anomalies: &[
        "phantom-read",
        "aborted-read",
        "swap-ring",
        "lost-update",
        "future-read",
        "stale-read",
        "contradicting-reads",
        "wrong-reply",
        "no-order",
    ],
    run,
};

fn run(history: &History, budget: &Budget) -> Verdict {
    let meter = Meter::start(budget);
    let passed = match one_pass(history, &meter) {
        Ok(passed) => passed,
        Err(Exhausted(reason)) => return Verdict::unknown(CHECK.name, 0, reason),
    };
    let mut scratch = Scratch::default();
    let mut anomalies: Vec<Anomaly> = Vec::new();
    let (proven, problems) = match passed {
        Some(mut pass) => {
            anomalies.extend(by_suspects(history, &mut pass, &mut scratch));
            let rest: Vec<(Key, Range<usize>)> =
                pass.open.drain(..).map(|open| (open.key, open.range)).collect();
            (pass, Problems::of_keys(history, &rest))
        }
        None => (OnePass::default(), Problems::of(history)),
    };
    let operations: usize = problems.keys.values().map(Range::len).sum();
    let operations = proven.operations + operations as u64 + problems.wrong.len() as u64;
    let wrong = problems.wrong.iter();
    anomalies.extend(wrong.map(|wrong| words::of_wrong_reply(&history.ops[wrong.op as usize])));
    let mut hard: Vec<(Key, Range<usize>)> = Vec::new();
    let mut unknown: Option<Exhausted> = None;
    for (key, range) in &problems.keys {
        if let Err(exhausted) = meter.check(0) {
            unknown = Some(exhausted);
            break;
        }
        let (ops, values) = problems.of_key(range.clone(), &mut scratch);
        match zones(&ops, values) {
            ZoneAnswer::Linearizable => {}
            ZoneAnswer::NotApplicable => hard.push((*key, range.clone())),
            ZoneAnswer::Violated(violations) => {
                anomalies.extend(
                    violations
                        .iter()
                        .map(|violation| words::of_zones(history, *key, &ops, violation)),
                );
            }
        }
    }
    let searched = hard.len();
    let (found, gave_up) = search_all(history, &problems, &hard, &meter);
    anomalies.extend(found);
    let unknown = unknown.or(gave_up);
    let mut verdict = if !anomalies.is_empty() {
        Verdict::invalid(CHECK.name, operations, anomalies)
    } else if let Some(Exhausted(reason)) = unknown {
        Verdict::unknown(CHECK.name, operations, reason)
    } else {
        let keys = proven.keys + problems.keys.len() as u64;
        Verdict::valid(
            CHECK.name,
            operations,
            format!("{operations} operations on {keys} keys have an order"),
        )
    };
    note(
        &mut verdict,
        searched,
        proven.weak_reads + problems.weak_reads,
        proven.weak_writes + problems.weak_writes,
    );
    verdict
}

/// Refutes keys of which it is known what contradicts itself; those are judged then, the others stay open.
fn by_suspects(history: &History, pass: &mut OnePass, scratch: &mut Scratch) -> Vec<Anomaly> {
    let mut anomalies = Vec::new();
    for open in std::mem::take(&mut pass.open) {
        let problems = Problems::of_positions(history, open.key, &open.suspects);
        let refuted = problems.keys.get(&open.key).and_then(|range| {
            let (ops, values) = problems.of_key(range.clone(), scratch);
            match zones(&ops, values) {
                ZoneAnswer::Violated(violations) => Some((ops, violations)),
                ZoneAnswer::Linearizable | ZoneAnswer::NotApplicable => None,
            }
        });
        let Some((ops, violations)) = refuted else {
            pass.open.push(open);
            continue;
        };
        let found = violations.iter();
        anomalies.extend(found.map(|violation| words::of_zones(history, open.key, &ops, violation)));
        pass.keys += 1;
        pass.operations += open.operations;
        pass.weak_reads += open.weak_reads;
        pass.weak_writes += open.weak_writes;
    }
    anomalies
}

fn note(verdict: &mut Verdict, searched: usize, weak_reads: u64, weak_writes: u64) {
    if searched > 0 {
        verdict.notes.push(format!(
            "{searched} keys have values written more than once and were searched"
        ));
    }
    if weak_reads > 0 {
        verdict.notes.push(format!(
            "{weak_reads} reads below linearizable concern promise no order: left out"
        ));
    }
    if weak_writes > 0 {
        verdict.notes.push(format!(
            "{weak_writes} acknowledged writes below majority may be rolled back: judged as of unknown end"
        ));
    }
}

/// An anomaly, none, or undecided.
type KeyResult = Result<Option<Anomaly>, Exhausted>;

/// Searches keys on all cores. Gives the anomalies by key, and why some key stayed undecided.
fn search_all(
    history: &History,
    problems: &Problems,
    hard: &[(Key, Range<usize>)],
    meter: &Meter,
) -> (Vec<Anomaly>, Option<Exhausted>) {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(Key, KeyResult)>> = Mutex::default();
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(hard.len());
    // Each holds what it has tried: together they keep within the budget.
    let meter = &meter.among(threads);
    let work = || {
        let mut scratch = Scratch::default();
        while let Some((key, range)) = hard.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (ops, _) = problems.of_key(range.clone(), &mut scratch);
            let result = search_key(history, *key, &ops, meter);
            results
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((*key, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(key, _)| *key);
    let mut gave_up = None;
    let mut anomalies = Vec::new();
    for (key, result) in results {
        match result {
            Ok(anomaly) => anomalies.extend(anomaly),
            Err(Exhausted(reason)) => {
                gave_up.get_or_insert_with(|| Exhausted(format!("key {key}: {reason}")));
            }
        }
    }
    (anomalies, gave_up)
}

fn search_key(history: &History, key: Key, ops: &[RegisterOp], meter: &Meter) -> KeyResult {
    let timed: Vec<Timed<Effect>> = ops
        .iter()
        .map(|op| Timed {
            call: op.call,
            returned: op.returned,
            effect: op.effect,
        })
        .collect();
    match search(&RegisterModel, &timed, meter) {
        Outcome::Linearizable => Ok(None),
        Outcome::Unknown(exhausted) => Err(exhausted),
        Outcome::Violated(stuck) => {
            let witness = shrink(&RegisterModel, &timed, stuck.target, meter);
            let value_of = |state: u32| value_of(history, ops, state);
            Ok(Some(words::of_search(
                history, key, ops, &stuck, value_of, &witness,
            )))
        }
    }
}

/// The value that a key's number stands for, by an operation that carries it.
fn value_of(history: &History, ops: &[RegisterOp], state: u32) -> Option<Value> {
    use workloads::operation::Action;
    if state == 0 {
        return history.initial;
    }
    ops.iter().find_map(
        |op| match (op.effect, &history.ops[op.op as usize].request.action) {
            (Effect::Write(number), Action::Write { value, .. }) if number == state => Some(*value),
            (Effect::Cas(_, number), Action::Cas { value, .. }) if number == state => Some(*value),
            _ => None,
        },
    )
}
