//! From transactions to a verdict.

use workloads::operation::Value;

use super::model::RegistersModel;
use crate::{
    checks::{
        Anomaly, Budget, Verdict,
        budget::{Exhausted, Meter},
        describe::value as described,
        linearizable::{Outcome, Timed, search, shrink},
    },
    history::foreign::{RegisterStep, RegisterTransaction},
};

const NAME: &str = "strict-serializable";

/// Judges transactions over registers; strict serializability is demanded.
pub(crate) fn judge_register_transactions(
    transactions: &[RegisterTransaction],
    initial: Option<Value>,
    budget: &Budget,
) -> Verdict {
    let meter = Meter::start(budget);
    let operations = transactions.len() as u64;
    let steps = transactions.iter().map(|transaction| &transaction.steps[..]);
    let model = RegistersModel::new(steps.collect(), initial);
    let timed: Vec<Timed<u32>> = (0u32..)
        .zip(transactions)
        .map(|(effect, transaction)| Timed {
            call: transaction.call + 1,
            returned: transaction.returned.saturating_add(1),
            effect,
        })
        .collect();
    match search(&model, &timed, &meter) {
        Outcome::Linearizable => {
            let summary = format!("{operations} transactions over registers have one order");
            Verdict::valid(NAME, operations, summary)
        }
        Outcome::Unknown(Exhausted(reason)) => Verdict::unknown(NAME, operations, reason),
        Outcome::Violated(stuck) => {
            let witness = shrink(&model, &timed, stuck.target, &meter);
            let involved = witness.operations.iter();
            let involved: Vec<&RegisterTransaction> = involved
                .map(|position| &transactions[*position as usize])
                .collect();
            let told: Vec<String> = involved.iter().map(|transaction| describe(transaction)).collect();
            let words = format!(
                "no order explains the transactions up to the return of {}. {}: {}",
                describe(&transactions[stuck.target as usize]),
                if witness.smallest {
                    "These alone have no order"
                } else {
                    "Among these (not shrunk to the end)"
                },
                told.join("; ")
            );
            let anomaly = Anomaly {
                kind: "no-order".to_owned(),
                key: None,
                words,
                operations: involved.iter().map(|transaction| transaction.number).collect(),
            };
            Verdict::invalid(NAME, operations, vec![anomaly])
        }
    }
}

fn describe(transaction: &RegisterTransaction) -> String {
    let steps = transaction.steps.iter().map(|step| match step {
        RegisterStep::Write { key, value } => format!("write {value} to {key}"),
        RegisterStep::Read { key, found } => format!("read {key} -> {}", described(*found)),
    });
    let steps: Vec<String> = steps.collect();
    format!("#{} ({})", transaction.number, steps.join(", "))
}
