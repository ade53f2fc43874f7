//! `unique-claims`: a unique index gives each name to one claimer.

use std::collections::BTreeMap;

use workloads::operation::{Action, Key, Observed, Value, WriteConcern};

use super::{
    Budget, Check, Verdict,
    anomaly_list::Anomalies,
    budget::Exhausted,
    describe::describe,
    watch::{Watch, within},
};
use crate::history::{History, Op};

pub(super) const CHECK: Check = Check {
    name: "unique-claims",
    promise: "of all w:majority claims of one name at most one succeeds, and one is refused only when another may \
              have succeeded",
    complexity: "O(n log n)",
    source: "MongoDB, \"Unique Indexes\"",
    anomalies: &["claimed-twice", "refused-without-owner"],
    run,
};

fn run(history: &History, budget: &Budget) -> Verdict {
    within(CHECK.name, budget, |watch, anomalies| {
        judge(history, watch, anomalies)
    })
}

fn judge(history: &History, watch: &mut Watch, anomalies: &mut Anomalies) -> Result<Verdict, Exhausted> {
    let mut names: BTreeMap<(Key, Value), Vec<&Op>> = BTreeMap::new();
    for op in history.ops.iter().filter(|op| !op.is_fail()) {
        watch.step()?;
        if let Action::Claim { key, value } = op.request.action {
            watch.holds::<((Key, Value), &Op)>(1);
            names.entry((key, value)).or_default().push(op);
        }
    }
    let operations = names.values().map(Vec::len).sum::<usize>() as u64;
    for ((key, value), claims) in &names {
        let taken = |op: &&&Op| op.observed() == Some(&Observed::Taken);
        let durable = |op: &&&Op| op.request.concerns.write == WriteConcern::Majority;
        let mut winners = claims
            .iter()
            .filter(|op| op.observed() == Some(&Observed::Done))
            .filter(durable);
        if let (Some(first), Some(second)) = (winners.next(), winners.next()) {
            let words = format!("{} and {} both got {value}", describe(first), describe(second));
            anomalies.add("claimed-twice", *key, words, &[first, second]);
        }
        for refused in claims.iter().filter(taken) {
            watch.steps(claims.len())?;
            // Whoever may have had it: not refused itself, and called before the refusal returned.
            let possible = claims
                .iter()
                .any(|op| op.observed() != Some(&Observed::Taken) && op.call < refused.returned);
            if !possible {
                let words = format!("{}, but nobody can have had {value} by then", describe(refused));
                anomalies.add("refused-without-owner", *key, words, &[refused]);
            }
        }
    }
    Ok(anomalies.verdict(CHECK.name, operations, || {
        format!("{} names, each with at most one owner", names.len())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::fixtures::{history, info, ok};

    #[test]
    fn two_owners_and_a_refusal_without_owner_are_found() {
        let claim = || Action::Claim { key: 0, value: 7 };
        let kinds = |ops: Vec<Op>| {
            let verdict = run(&history(ops), &Budget::default());
            verdict
                .anomalies
                .into_iter()
                .map(|anomaly| anomaly.kind)
                .collect::<Vec<_>>()
        };
        let won = |call| ok(call, call + 1, claim(), Observed::Done);
        let refused = |call| ok(call, call + 1, claim(), Observed::Taken);
        assert!(kinds(vec![won(1), refused(3)]).is_empty());
        assert!(kinds(vec![info(1, claim()), refused(3), refused(5)]).is_empty());
        assert_eq!(kinds(vec![won(1), won(3)]), ["claimed-twice"]);
        assert_eq!(kinds(vec![refused(1), won(3)]), ["refused-without-owner"]);
    }
}
