//! Porcupine's key-value histories, judged by the search.

use std::collections::BTreeMap;

use super::{
    kv::{KvEffect, KvModel},
    model::Timed,
    search::{Outcome, search},
    shrink::shrink,
};
use crate::{
    checks::{
        Anomaly, Budget, Verdict,
        budget::{Exhausted, Meter},
    },
    history::foreign::{KvAction, KvOp},
};

const NAME: &str = "linearizable";

/// Judges strings by key.
pub(crate) fn judge_kv(keys: &BTreeMap<String, Vec<KvOp>>, budget: &Budget) -> Verdict {
    let meter = Meter::start(budget);
    let operations = keys.values().map(|ops| ops.len() as u64).sum();
    let mut anomalies = Vec::new();
    let mut unknown: Option<Exhausted> = None;
    for (key, ops) in keys {
        let model = KvModel::new();
        let timed: Vec<Timed<KvEffect>> = ops.iter().map(|op| timed(&model, op)).collect();
        match search(&model, &timed, &meter) {
            Outcome::Linearizable => {}
            Outcome::Unknown(Exhausted(reason)) => {
                unknown.get_or_insert_with(|| Exhausted(format!("key {key}: {reason}")));
            }
            Outcome::Violated(stuck) => {
                let witness = shrink(&model, &timed, stuck.target, &meter);
                let involved: Vec<&KvOp> = witness
                    .operations
                    .iter()
                    .map(|position| &ops[*position as usize])
                    .collect();
                let words = format!(
                    "no order explains key {key:?} up to the return of {}. {}: {}",
                    describe(&ops[witness.target as usize]),
                    if witness.smallest {
                        "These alone have no order"
                    } else {
                        "Among these (not shrunk to the end)"
                    },
                    involved
                        .iter()
                        .map(|op| describe(op))
                        .collect::<Vec<_>>()
                        .join("; ")
                );
                let operations = involved.iter().map(|op| op.number).collect();
                anomalies.push(Anomaly {
                    kind: "no-order".to_owned(),
                    key: None,
                    words,
                    operations,
                });
            }
        }
    }
    if !anomalies.is_empty() {
        return Verdict::invalid(NAME, operations, anomalies);
    }
    match unknown {
        Some(Exhausted(reason)) => Verdict::unknown(NAME, operations, reason),
        None => Verdict::valid(
            NAME,
            operations,
            format!("{operations} operations on {} keys have an order", keys.len()),
        ),
    }
}

/// An operation as the search sees it, its strings numbered by the model.
pub(crate) fn timed(model: &KvModel, op: &KvOp) -> Timed<KvEffect> {
    let effect = match &op.action {
        KvAction::Get(seen) => KvEffect::Get(model.number(seen)),
        KvAction::Put(text) => KvEffect::Put(model.number(text)),
        KvAction::Append(text) => KvEffect::Append(model.number(text)),
    };
    Timed {
        call: op.call,
        returned: op.returned,
        effect,
    }
}

/// How much of a long string is shown.
const SHOWN_MAX: usize = 60;

fn describe(op: &KvOp) -> String {
    let (verb, text) = match &op.action {
        KvAction::Get(seen) => ("get →", seen),
        KvAction::Put(text) => ("put", text),
        KvAction::Append(text) => ("append", text),
    };
    let length = text.chars().count();
    let shown: String = text.chars().skip(length.saturating_sub(SHOWN_MAX)).collect();
    let cut = if length > SHOWN_MAX { "…" } else { "" };
    format!("#{} {verb} {:?}", op.number, format!("{cut}{shown}"))
}
