//! The check itself.

use std::collections::BTreeSet;

use workloads::operation::{Key, Value};

use super::{
    cycles::{Cycle, Cycles, cycles},
    graph::{Edge, Graph, Kind},
    input::{Input, Txn},
    versions::AllVersions,
};
use crate::{
    checks::{
        Anomaly, Budget, Check, Verdict,
        budget::{Exhausted, Meter},
        linearizable::FastSet,
        witness::smallest,
    },
    history::{
        History,
        foreign::{MicroOp, Transaction},
    },
};

pub(in crate::checks) const CHECK: Check = Check {
    name: "list-append",
    promise: "w:majority appends and linearizable whole reads of lists have one order that agrees with real time; \
              majority reads show prefixes of it, in session order where the session is causal",
    complexity: "O(n + R)",
    source: "Kingsbury & Alvaro, Elle, VLDB 2020; Adya 1999",
    anomalies: &[
        "G0",
        "G0-process",
        "G0-realtime",
        "G1a",
        "G1b",
        "G1c",
        "G1c-process",
        "G1c-realtime",
        "G-single",
        "G-single-process",
        "G-single-realtime",
        "G2",
        "G2-process",
        "G2-realtime",
        "incompatible-order",
        "duplicate-elements",
        "phantom-element",
        "duplicate-append",
        "internal",
        "cycle",
    ],
    run,
};

fn run(history: &History, budget: &Budget) -> Verdict {
    let meter = Meter::start(budget);
    match Input::of_history(history, &meter) {
        Ok(input) => judge(&input, &meter),
        Err(Exhausted(reason)) => Verdict::unknown(CHECK.name, 0, reason),
    }
}

/// Judges transactions over lists; strict serializability is demanded.
pub(crate) fn judge_transactions(transactions: &[Transaction], budget: &Budget) -> Verdict {
    let judged = |transactions: &[Transaction]| {
        let meter = Meter::start(budget);
        judge(&Input::of_transactions(transactions), &meter)
    };
    let mut verdict = judged(transactions);
    smallest(&mut verdict, |kept| judged(&only(transactions, kept)));
    verdict
}

/// The transactions of these numbers, without what others appended.
pub(super) fn only(transactions: &[Transaction], kept: &BTreeSet<u64>) -> Vec<Transaction> {
    let is_kept = |transaction: &&Transaction| kept.contains(&transaction.number);
    let appended = |transaction: &Transaction| {
        let appends = transaction.micro_ops.iter().filter_map(|micro| match micro {
            MicroOp::Append { key, value } => Some((*key, *value)),
            MicroOp::Read { .. } => None,
        });
        appends.collect::<Vec<_>>()
    };
    let left: FastSet<(Key, Value)> = transactions.iter().filter(is_kept).flat_map(appended).collect();
    let mut seen: FastSet<(Key, Value)> = FastSet::default();
    for transaction in transactions.iter().filter(is_kept) {
        for micro in &transaction.micro_ops {
            if let MicroOp::Read {
                key,
                found: Some(found),
            } = micro
            {
                seen.extend(found.iter().map(|value| (*key, *value)));
            }
        }
    }
    let others = transactions.iter().filter(|transaction| !is_kept(transaction));
    let gone: FastSet<(Key, Value)> = others
        .flat_map(appended)
        .filter(|place| seen.contains(place) && !left.contains(place))
        .collect();
    let mut projected: Vec<Transaction> = transactions.iter().filter(is_kept).cloned().collect();
    for micro in projected
        .iter_mut()
        .flat_map(|transaction| &mut transaction.micro_ops)
    {
        if let MicroOp::Read {
            key,
            found: Some(found),
        } = micro
        {
            found.retain(|value| !gone.contains(&(*key, *value)));
        }
    }
    projected
}

fn judge(input: &Input<'_>, meter: &Meter) -> Verdict {
    let operations = input.txns.len() as u64;
    let (mut versions, ended) = AllVersions::of(input, meter);
    let mut anomalies = std::mem::take(&mut versions.anomalies);
    let mut notes = Vec::new();
    let graph = ended.and_then(|()| Graph::of(input, &versions, meter));
    let mut verdict = match graph.and_then(|graph| cycles(&graph, meter)) {
        Ok(cycles) => {
            notes = remarks(&cycles);
            anomalies.extend(cycles.found.iter().map(|cycle| anomaly(input, &versions, cycle)));
            if anomalies.is_empty() {
                let summary = format!(
                    "{operations} operations on {} lists, {} elements read, have one order",
                    versions.keys.len(),
                    versions.elements_read
                );
                Verdict::valid(CHECK.name, operations, summary)
            } else {
                Verdict::invalid(CHECK.name, operations, anomalies)
            }
        }
        Err(Exhausted(reason)) if !anomalies.is_empty() => {
            notes = vec![format!("cycles were not looked for: {reason}")];
            Verdict::invalid(CHECK.name, operations, anomalies)
        }
        Err(Exhausted(reason)) => Verdict::unknown(CHECK.name, operations, reason),
    };
    verdict.notes.extend(notes);
    if input.weak_writes > 0 {
        verdict.notes.push(format!(
            "{} acknowledged writes below majority may be rolled back: judged as of unknown end",
            input.weak_writes
        ));
    }
    verdict
}

/// What the budget kept back.
fn remarks(cycles: &Cycles) -> Vec<String> {
    let mut notes = Vec::new();
    if cycles.left_out > 0 {
        notes.push(format!(
            "{} further groups of operations contradict themselves, and were not looked at: the budget is spent",
            cycles.left_out
        ));
    }
    let longer = cycles.found.iter().filter(|cycle| !cycle.proven_shortest).count();
    if longer > 0 {
        notes.push(format!("{longer} cycles may not be the shortest of their kind"));
    }
    notes
}

fn anomaly(input: &Input<'_>, versions: &AllVersions<'_>, cycle: &Cycle) -> Anomaly {
    // Helper nodes are folded into the edge that leads to them.
    let transactions = input.txns.len() as u32;
    let mut steps: Vec<(&Txn, Edge)> = Vec::new();
    for (node, edge) in &cycle.steps {
        if *node < transactions {
            steps.push((&input.txns[*node as usize], *edge));
        }
    }
    let mut words = Vec::new();
    for (position, (txn, edge)) in steps.iter().enumerate() {
        let (next, _) = steps[(position + 1) % steps.len()];
        let key = edge.key;
        words.push(match edge.kind {
            Kind::WriteWrite => format!(
                "#{} appended to list {key} before #{} did",
                txn.number, next.number
            ),
            Kind::WriteRead => format!(
                "#{} appended what #{} found last in list {key}",
                txn.number, next.number
            ),
            Kind::ReadWrite => format!(
                "#{} read list {key} without what #{} appended",
                txn.number, next.number
            ),
            Kind::Process => format!(
                "#{} came before #{} in process {}",
                txn.number, next.number, txn.process
            ),
            Kind::RealTime | Kind::Free => {
                format!("#{} returned before #{} was called", txn.number, next.number)
            }
        });
    }
    let key = steps
        .iter()
        .find(|(_, edge)| (edge.kind as u8) < Kind::Process as u8)
        .map(|(_, edge)| edge.key);
    Anomaly {
        kind: cycle.name.clone(),
        key,
        words: format!(
            "{}each of these comes before the next, and the last before the first: {}",
            cycle
                .remark
                .as_ref()
                .map_or_else(String::new, |remark| format!("{remark}. ")),
            words.join("; ")
        ),
        operations: witness(input, versions, &steps),
    }
}

/// The transactions of the cycle, and the reads that show in which order their appends came.
fn witness(input: &Input<'_>, versions: &AllVersions<'_>, steps: &[(&Txn, Edge)]) -> Vec<u64> {
    let mut operations: Vec<u64> = Vec::with_capacity(steps.len());
    let mut add = |number: u64| {
        if !operations.contains(&number) {
            operations.push(number);
        }
    };
    steps.iter().for_each(|(txn, _)| add(txn.number));
    for (_, edge) in steps {
        if matches!(edge.kind, Kind::WriteWrite | Kind::ReadWrite)
            && let Some(reader) = versions
                .keys
                .get(&edge.key)
                .and_then(|of_key| of_key.longest_reader)
        {
            add(input.txns[reader as usize].number);
        }
    }
    operations
}
