//! Violations in words.

use workloads::operation::Key;

use super::{
    problem::{Effect, RegisterOp},
    search::Stuck,
    shrink::Witness,
    zones::Violation,
};
use crate::{
    checks::{
        Anomaly,
        describe::{describe, describe_all, value},
    },
    history::{History, Op},
};
use workloads::operation::{Action, Observed, Value};

/// A violation of the zones as an anomaly.
pub(super) fn of_zones(history: &History, key: Key, ops: &[RegisterOp], violation: &Violation) -> Anomaly {
    let op = |position: &u32| &history.ops[ops[*position as usize].op as usize];
    let (kind, involved, words) = match violation {
        Violation::Phantom { observer } => phantom(history, key, op(observer)),
        Violation::Ring { observer } => {
            let words = format!(
                "{}: the value it needs can only come from compare-and-sets that need its own result first",
                describe(op(observer))
            );
            ("swap-ring", vec![op(observer)], words)
        }
        Violation::TwoSwaps { first, second } => {
            let words = format!(
                "two compare-and-sets took effect on the same value of key {key}, which was written only once: {}; {}",
                describe(op(first)),
                describe(op(second))
            );
            ("lost-update", vec![op(first), op(second)], words)
        }
        Violation::Backwards { early, late } => {
            let words = format!(
                "{} returned before {} was called, yet it must come after it",
                describe(op(early)),
                describe(op(late))
            );
            ("future-read", vec![op(early), op(late)], words)
        }
        Violation::Interrupted { holder, intruder } => interrupted(key, holder, intruder, op),
    };
    anomaly(kind, key, words, involved)
}

fn phantom<'a>(history: &History, key: Key, observer: &'a Op) -> (&'static str, Vec<&'a Op>, String) {
    let seen = match (observer.observed(), &observer.request.action) {
        (Some(Observed::Register(seen)), _) => *seen,
        (Some(Observed::Swapped { was, .. }), _) => *was,
        (_, Action::Cas { expect, .. }) => *expect,
        _ => None,
    };
    let refused = history.ops.iter().find(|op| {
        op.is_fail()
            && match op.request.action {
                Action::Write { key: of, value } | Action::Cas { key: of, value, .. } => {
                    of == key && Some(value) == seen
                }
                _ => false,
            }
    });
    match refused {
        Some(refused) => {
            let words = format!(
                "{} saw the value of {}, which did not happen",
                describe(observer),
                describe(refused)
            );
            ("aborted-read", vec![observer], words)
        }
        None => {
            let words = format!(
                "{} saw {}, which was never written to key {key}",
                describe(observer),
                value(seen)
            );
            ("phantom-read", vec![observer], words)
        }
    }
}

fn interrupted<'a>(
    key: Key,
    holder: &[u32],
    intruder: &[u32],
    op: impl Fn(&u32) -> &'a Op,
) -> (&'static str, Vec<&'a Op>, String) {
    let mut involved: Vec<&Op> = holder.iter().chain(intruder).map(&op).collect();
    involved.sort_unstable_by_key(|op| op.call);
    let held = match holder {
        [first, last] => format!(
            "key {key} held one value from the return of {} to the call of {}",
            describe(op(first)),
            describe(op(last))
        ),
        [last] if involved.len() > 1 => {
            format!(
                "key {key} held its first value until the call of {}",
                describe(op(last))
            )
        }
        _ => format!("key {key} held one value throughout"),
    };
    let came = match intruder {
        [one] => format!("{} took effect in between", describe(op(one))),
        several => format!(
            "the value of {} must have been there in between",
            several
                .iter()
                .map(|one| describe(op(one)))
                .collect::<Vec<_>>()
                .join(" and of ")
        ),
    };
    let looks = |positions: &[u32]| positions.iter().any(|one| op(one).request.action.is_read());
    let kind = if looks(holder) && !looks(intruder) {
        "stale-read"
    } else {
        "contradicting-reads"
    };
    (kind, involved, format!("{held}, but {came}"))
}

/// A dead end of the search as an anomaly.
pub(super) fn of_search(
    history: &History,
    key: Key,
    ops: &[RegisterOp],
    stuck: &Stuck<u32>,
    value_of: impl Fn(u32) -> Option<Value>,
    witness: &Witness,
) -> Anomaly {
    let op = |position: u32| &history.ops[ops[position as usize].op as usize];
    let mut states: Vec<String> = stuck.states.iter().map(|state| value(value_of(*state))).collect();
    states.sort();
    let involved: Vec<&Op> = witness.operations.iter().map(|position| op(*position)).collect();
    let needs: Vec<String> = witness
        .operations
        .iter()
        .filter_map(|position| need(op(*position), ops[*position as usize].effect, &value_of))
        .collect();
    let prefix = if states.is_empty() {
        "every value that it could need was overwritten before it was called, or not yet written".to_owned()
    } else {
        let reached = stuck.reached;
        format!(
            "the {reached} returns before it have orders, which leave {}",
            states.join(" or ")
        )
    };
    let words = format!(
        "no order explains key {key} up to the return of {}: {prefix}{}. {}: {}",
        describe(op(stuck.target)),
        if needs.is_empty() {
            String::new()
        } else {
            format!("; but {}", needs.join(", "))
        },
        if witness.smallest {
            "These alone have no order"
        } else {
            "Among these (not shrunk to the end)"
        },
        describe_all(involved.iter().copied())
    );
    anomaly("no-order", key, words, involved)
}

/// What must be there when the operation takes effect.
fn need(op: &Op, effect: Effect, value_of: &impl Fn(u32) -> Option<Value>) -> Option<String> {
    let number = op.number;
    match effect {
        Effect::Read(state) | Effect::Cas(state, _) if op.is_ok() => {
            Some(format!("#{number} needs {}", value(value_of(state))))
        }
        Effect::Differs(state) => Some(format!("#{number} needs anything but {}", value(value_of(state)))),
        Effect::Read(_) | Effect::Cas(..) | Effect::Write(_) => None,
    }
}

/// A reply that contradicts itself.
pub(super) fn of_wrong_reply(op: &Op) -> Anomaly {
    let words = format!(
        "{}: the value it found and whether it swapped contradict each other",
        describe(op)
    );
    anomaly("wrong-reply", op.request.action.key(), words, vec![op])
}

fn anomaly(kind: &str, key: Key, words: String, involved: Vec<&Op>) -> Anomaly {
    Anomaly {
        kind: kind.to_owned(),
        key: Some(key),
        words,
        operations: involved.into_iter().map(|op| op.number).collect(),
    }
}
