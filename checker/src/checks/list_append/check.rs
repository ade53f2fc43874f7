//! The check itself.

use super::{
    cycles::{Cycle, cycles},
    graph::{Edge, Graph, Kind},
    input::{Input, Txn},
    versions::AllVersions,
};
use crate::{
    checks::{
        Anomaly, Budget, Check, Verdict,
        budget::{Exhausted, Meter},
    },
    history::{History, foreign::Transaction},
};

pub(in crate::checks) const CHECK: Check = Check {
    name: "list-append",
    promise: "w:majority appends and linearizable whole reads of lists have one order that agrees with real time; \
              majority reads show prefixes of it, in session order where the session is causal",
    complexity: "O(n + R)",
    source: "Kingsbury & Alvaro, Elle, VLDB 2020; Adya 1999",
    run,
};

fn run(history: &History, budget: &Budget) -> Verdict {
    judge(&Input::of_history(history), budget)
}

/// Judges transactions over lists; strict serializability is demanded.
pub(crate) fn judge_transactions(transactions: &[Transaction], budget: &Budget) -> Verdict {
    judge(&Input::of_transactions(transactions), budget)
}

fn judge(input: &Input<'_>, budget: &Budget) -> Verdict {
    let meter = Meter::start(budget);
    let operations = input.txns.len() as u64;
    let mut versions = AllVersions::of(input);
    let mut anomalies = std::mem::take(&mut versions.anomalies);
    let mut verdict = match cycles(&Graph::of(input, &versions), &meter) {
        Ok(cycles) => {
            anomalies.extend(cycles.iter().map(|cycle| anomaly(input, cycle)));
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
        Err(_) if !anomalies.is_empty() => Verdict::invalid(CHECK.name, operations, anomalies),
        Err(Exhausted(reason)) => Verdict::unknown(CHECK.name, operations, reason),
    };
    if input.weak_writes > 0 {
        verdict.notes.push(format!(
            "{} acknowledged writes below majority may be rolled back: judged as of unknown end",
            input.weak_writes
        ));
    }
    verdict
}

fn anomaly(input: &Input<'_>, cycle: &Cycle) -> Anomaly {
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
            "each of these comes before the next, and the last before the first: {}",
            words.join("; ")
        ),
        operations: steps.iter().map(|(txn, _)| txn.number).collect(),
    }
}
