//! `unique-claims`: a unique index gives each name to one claimer.

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
    // Claims by name; in a row, as a million of small lists takes longer to give back than to judge.
    let mut of_name: Vec<((Key, Value), u32)> = Vec::new();
    for (place, op) in (0u32..).zip(&history.ops) {
        watch.step()?;
        if let Action::Claim { key, value } = op.request.action
            && !op.is_fail()
        {
            // Where it stands, and where it is sorted.
            watch.holds::<[((Key, Value), u32); 2]>(1);
            of_name.push(((key, value), place));
        }
    }
    watch.sort(&mut of_name)?;
    let operations = of_name.len() as u64;
    let mut names = 0;
    let mut claims: Vec<&Op> = Vec::new();
    for of_one in of_name.chunk_by(|one, next| one.0 == next.0) {
        watch.steps(of_one.len())?;
        let (key, value) = of_one[0].0;
        claims.clear();
        claims.extend(of_one.iter().map(|(_, place)| &history.ops[*place as usize]));
        names += 1;
        let taken = |op: &&&Op| op.observed() == Some(&Observed::Taken);
        let durable = |op: &&&Op| op.request.concerns.write == WriteConcern::Majority;
        let mut winners = claims
            .iter()
            .filter(|op| op.observed() == Some(&Observed::Done))
            .filter(durable);
        if let (Some(first), Some(second)) = (winners.next(), winners.next()) {
            let words = format!("{} and {} both got {value}", describe(first), describe(second));
            anomalies.add("claimed-twice", key, words, &[first, second]);
        }
        for refused in claims.iter().filter(taken) {
            watch.steps(claims.len())?;
            // Whoever may have had it: not refused itself, and called before the refusal returned.
            let possible = claims
                .iter()
                .any(|op| op.observed() != Some(&Observed::Taken) && op.call < refused.returned);
            if !possible {
                let words = format!("{}, but nobody can have had {value} by then", describe(refused));
                anomalies.add("refused-without-owner", key, words, &[refused]);
            }
        }
    }
    Ok(anomalies.verdict(CHECK.name, operations, || {
        format!("{names} names, each with at most one owner")
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
