//! Each anomaly planted; clocks agree with the plain closure on many small histories.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use workloads::operation::{Action, Observed, Value};

use super::CHECK;
use crate::{
    checks::{
        Budget, Validity,
        fixtures::{causal, history, info, ok},
    },
    history::Op,
};

#[test]
fn what_reaches_through_three_sessions_is_demanded() {
    // 1 writes a; 2 sees it and writes b elsewhere; 3 sees b, and so must see a.
    let chain = |seen: Option<Value>| {
        vec![
            write(1, 1, 0, 10),
            read(2, 3, 0, Some(10)),
            write(2, 5, 1, 20),
            read(3, 7, 1, Some(20)),
            read(3, 9, 0, seen),
        ]
    };
    assert_eq!(kinds(chain(Some(10))), "");
    assert_eq!(kinds(chain(None)), "forgotten-write");
    // Without the session between them nothing connects the two.
    let mut apart = chain(None);
    apart.remove(1);
    assert_eq!(kinds(apart), "");
    // A newer value of somebody else is fine, an older one of the chain is not.
    let mut newer = vec![write(1, 0, 0, 9)];
    newer.extend(chain(Some(9)));
    assert_eq!(kinds(newer), "forgotten-write");
}

#[test]
fn a_set_holds_everything_in_the_past_of_what_it_holds() {
    let add = |process, call, value| {
        let action = Action::Add { key: 0, value };
        causal(process, ok(call, call + 1, action, Observed::Done))
    };
    let look = |process, call, found: &[Value]| {
        let observed = Observed::Elements(found.to_vec());
        causal(process, ok(call, call + 1, Action::ReadSet { key: 0 }, observed))
    };
    let chain = |found: &[Value]| vec![add(1, 1, 1), look(2, 3, &[1]), add(2, 5, 2), look(3, 7, found)];
    assert_eq!(kinds(chain(&[2])), "causal-gap");
    for found in [&[][..], &[1], &[1, 2]] {
        assert_eq!(kinds(chain(found)), "", "{found:?}");
    }
    let unknown = causal(2, info(5, Action::Add { key: 0, value: 2 }));
    assert_eq!(kinds(vec![look(2, 1, &[]), unknown, look(3, 7, &[])]), "");
}

#[test]
fn clocks_agree_with_the_closure_on_small_histories() {
    let (mut refuted, mut all) = (0, 0);
    for seed in 0..20_000 {
        let ops = random(seed);
        let truth = explained(&ops);
        let verdict = (CHECK.run)(&history(ops.clone()), &Budget::default());
        assert_eq!(
            verdict.validity == Validity::Valid,
            truth,
            "seed {seed}: {} {ops:?}",
            verdict.summary
        );
        refuted += u32::from(!truth);
        all += 1;
    }
    assert!(
        refuted > all / 20 && refuted < all * 19 / 20,
        "{refuted} of {all}"
    );
}

/// A witness refutes alone.
#[test]
fn a_witness_refutes_alone() {
    let mut sizes = [0u32; 12];
    for seed in 0..5_000 {
        let all = history(random(seed));
        let verdict = (CHECK.run)(&all, &Budget::default());
        let Some(anomaly) = verdict.anomalies.first() else {
            continue;
        };
        let mut alone = all.clone();
        alone.ops.retain(|op| anomaly.operations.contains(&op.number));
        let verdict = (CHECK.run)(&alone, &Budget::default());
        assert_eq!(
            verdict.validity,
            Validity::Invalid,
            "seed {seed}: {anomaly:?} {all:?}"
        );
        sizes[anomaly.operations.len()] += 1;
    }
    assert!(
        sizes[2] > 0 && sizes[3] > 0 && sizes[5..].iter().any(|count| *count > 0),
        "{sizes:?}"
    );
}

/// By the definition: the closure of session order and reads-from, then every pair of write and read.
fn explained(ops: &[Op]) -> bool {
    let count = ops.len();
    let mut before = vec![vec![false; count]; count];
    for (from, one) in ops.iter().enumerate() {
        for (to, other) in ops.iter().enumerate() {
            let session = one.process == other.process && one.call < other.call;
            let seen = match (&one.request.action, other.observed()) {
                (Action::Write { key, value }, Some(Observed::Register(Some(found)))) => {
                    *key == other.request.action.key() && value == found
                }
                _ => false,
            };
            before[from][to] = session || seen;
        }
    }
    for by in 0..count {
        for from in 0..count {
            for to in 0..count {
                before[from][to] |= before[from][by] && before[by][to];
            }
        }
    }
    let is_write =
        |at: usize, key| matches!(ops[at].request.action, Action::Write { key: of, .. } if of == key);
    (0..count).all(|read| {
        let Some(Observed::Register(found)) = ops[read].observed() else {
            return true;
        };
        let key = ops[read].request.action.key();
        let seen = (0..count).find(|at| match ops[*at].request.action {
            Action::Write { key: of, value } => of == key && Some(value) == *found,
            _ => false,
        });
        (0..count)
            .filter(|newer| is_write(*newer, key) && before[*newer][read])
            .all(|newer| match seen {
                Some(seen) => !before[seen][newer],
                None => false,
            })
    })
}

/// Three sessions, two keys; each read shows one of the newest values, or an old one.
fn random(seed: u64) -> Vec<Op> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |bound: usize| (dice.next_u64() % bound as u64) as usize;
    let mut values: [Vec<Option<Value>>; 2] = [vec![None], vec![None]];
    let mut ops = Vec::new();
    for turn in 0..4 + below(8) as u32 {
        let (process, key) = (1 + below(3) as u32, below(2));
        if below(2) == 0 {
            let value = Value::from(turn) + 1;
            values[key].push(Some(value));
            ops.push(write(process, 1 + turn * 2, key as u32, value));
        } else {
            let known = &values[key];
            let newest = known.len() - 1 - below(known.len().min(2));
            let shown = if below(4) == 0 { below(known.len()) } else { newest };
            ops.push(read(process, 1 + turn * 2, key as u32, known[shown]));
        }
    }
    ops
}

fn write(process: u32, call: u32, key: u32, value: Value) -> Op {
    causal(
        process,
        ok(call, call + 1, Action::Write { key, value }, Observed::Done),
    )
}

fn read(process: u32, call: u32, key: u32, found: Option<Value>) -> Op {
    causal(
        process,
        ok(call, call + 1, Action::Read { key }, Observed::Register(found)),
    )
}

fn kinds(ops: Vec<Op>) -> String {
    let verdict = (CHECK.run)(&history(ops), &Budget::default());
    let kinds: Vec<String> = verdict
        .anomalies
        .into_iter()
        .map(|anomaly| anomaly.kind)
        .collect();
    kinds.join(",")
}
