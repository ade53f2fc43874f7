//! Each way to break the order, planted and found; small histories against plain enumeration.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use workloads::operation::Value;

use super::judge_register_transactions;
use crate::{
    checks::{Budget, Validity},
    history::{
        Op,
        foreign::{RegisterStep, RegisterTransaction},
    },
};

#[test]
fn each_anomaly_is_found_and_its_like_accepted() {
    use Validity::{Invalid, Valid};
    let cases: [(&str, Vec<RegisterTransaction>, Validity); 14] = [
        ("nothing", vec![], Valid),
        ("a phantom", vec![at(0, 1, &[r(1, 7)])], Invalid),
        (
            "in the middle of another",
            vec![at(0, 9, &[w(1, 1), w(1, 2)]), at(1, 8, &[r(1, 1)])],
            Invalid,
        ),
        (
            "the end of another",
            vec![at(0, 9, &[w(1, 1), w(1, 2)]), at(1, 8, &[r(1, 2)])],
            Valid,
        ),
        (
            "otherwise than it wrote itself",
            vec![at(0, 1, &[w(1, 1), nil(1)])],
            Invalid,
        ),
        ("as it wrote itself", vec![at(0, 1, &[w(1, 1), r(1, 1)])], Valid),
        (
            "a lost update",
            vec![at(0, 9, &[nil(1), w(1, 1)]), at(1, 8, &[nil(1), w(1, 2)])],
            Invalid,
        ),
        (
            "read skew",
            vec![at(0, 9, &[w(1, 1), w(2, 1)]), at(1, 8, &[r(1, 1), nil(2)])],
            Invalid,
        ),
        (
            "write skew",
            vec![at(0, 9, &[nil(1), w(2, 1)]), at(1, 8, &[nil(2), w(1, 1)])],
            Invalid,
        ),
        (
            "a long fork",
            vec![
                at(0, 9, &[w(1, 1)]),
                at(1, 8, &[w(2, 1)]),
                at(2, 7, &[r(1, 1), nil(2)]),
                at(3, 6, &[nil(1), r(2, 1)]),
            ],
            Invalid,
        ),
        (
            "a stale read",
            vec![at(0, 1, &[w(1, 1)]), at(2, 3, &[nil(1)])],
            Invalid,
        ),
        (
            "a read in time",
            vec![at(0, 2, &[w(1, 1)]), at(1, 3, &[nil(1)])],
            Valid,
        ),
        (
            "of unknown end, and seen",
            vec![
                at(0, Op::NEVER, &[w(1, 1)]),
                at(2, 3, &[nil(1)]),
                at(4, 5, &[r(1, 1)]),
            ],
            Valid,
        ),
        (
            "of unknown end, seen and gone",
            vec![
                at(0, Op::NEVER, &[w(1, 1)]),
                at(2, 3, &[r(1, 1)]),
                at(4, 5, &[nil(1)]),
            ],
            Invalid,
        ),
    ];
    for (name, transactions, expected) in cases {
        let verdict = judge_register_transactions(&numbered(transactions), None, &Budget::default());
        assert_eq!(verdict.validity, expected, "{name}: {}", verdict.summary);
    }
}

#[test]
fn small_histories_agree_with_enumeration_and_witnesses_refute_alone() {
    let mut refuted = 0;
    for seed in 0..6_000 {
        let transactions = random(seed);
        let verdict = judge_register_transactions(&transactions, None, &Budget::default());
        let truth = enumerate(&transactions, &mut vec![false; transactions.len()], [None; 2]);
        let expected = if truth { Validity::Valid } else { Validity::Invalid };
        assert_eq!(verdict.validity, expected, "seed {seed}: {transactions:?}");
        refuted += u32::from(!truth);
        for anomaly in &verdict.anomalies {
            let refutes = |kept: &[u64]| {
                let weakened = weaken_all_but(&transactions, kept);
                let verdict = judge_register_transactions(&weakened, None, &Budget::default());
                verdict.validity == Validity::Invalid
            };
            let witness = &anomaly.operations;
            assert!(refutes(witness), "seed {seed}: {anomaly:?} of {transactions:?}");
            for left_out in witness {
                let rest: Vec<u64> = witness.iter().copied().filter(|one| one != left_out).collect();
                assert!(
                    !refutes(&rest),
                    "seed {seed}: {left_out} can be left out: {anomaly:?}"
                );
            }
        }
    }
    assert!((600..5_400).contains(&refuted), "{refuted}: too few of one kind");
}

/// The others may have happened at any time, or never; what only looked is left out.
fn weaken_all_but(all: &[RegisterTransaction], kept: &[u64]) -> Vec<RegisterTransaction> {
    let writes = |step: &RegisterStep| matches!(step, RegisterStep::Write { .. });
    let weakened = all.iter().filter_map(|transaction| {
        if kept.contains(&transaction.number) {
            return Some(transaction.clone());
        }
        transaction.steps.iter().any(writes).then(|| RegisterTransaction {
            call: 0,
            returned: Op::NEVER,
            ..transaction.clone()
        })
    });
    let mut weakened: Vec<_> = weakened.collect();
    weakened.sort_by_key(|transaction| transaction.call);
    weakened
}

/// Two registers, some transactions that overlap; half of them are played in one order and then spoiled.
fn random(seed: u64) -> Vec<RegisterTransaction> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |bound: u64| dice.next_u64() % bound;
    let mut state = [None; 2];
    let mut transactions = Vec::new();
    for number in 0..2 + below(4) as u32 {
        let mut steps = Vec::new();
        for step in 0..1 + below(3) {
            let key = below(2) as u32;
            if below(2) == 0 {
                let value = Value::from(number) * 10 + step as Value;
                state[key as usize] = Some(value);
                steps.push(w(key, value));
            } else {
                let mut found = state[key as usize];
                if below(8) == 0 {
                    found = (below(3) > 0).then(|| below(40) as Value);
                }
                steps.push(RegisterStep::Read { key, found });
            }
        }
        let call = number * 4 + below(3) as u32;
        let returned = if below(8) == 0 {
            steps.retain(|step| matches!(step, RegisterStep::Write { .. }));
            Op::NEVER
        } else {
            call + 1 + 2 * below(6) as u32
        };
        transactions.push(at(call * 2, returned.saturating_mul(2).saturating_add(1), &steps));
    }
    for transaction in &mut transactions {
        // What is of unknown end stays so.
        if transaction.returned > 10_000 {
            transaction.returned = Op::NEVER;
        }
    }
    transactions.sort_by_key(|transaction| transaction.call);
    numbered(transactions)
}

/// Every order that agrees with real time.
fn enumerate(all: &[RegisterTransaction], placed: &mut [bool], state: [Option<Value>; 2]) -> bool {
    let must = |at: &usize| !placed[*at] && all[*at].returned != Op::NEVER;
    let Some(deadline) = (0..all.len()).filter(must).map(|at| all[at].returned).min() else {
        return true;
    };
    for at in 0..all.len() {
        if placed[at] || all[at].call > deadline {
            continue;
        }
        let mut after = state;
        let fits = all[at].steps.iter().all(|step| match *step {
            RegisterStep::Write { key, value } => {
                after[key as usize] = Some(value);
                true
            }
            RegisterStep::Read { key, found } => after[key as usize] == found,
        });
        if fits {
            placed[at] = true;
            if enumerate(all, placed, after) {
                return true;
            }
            placed[at] = false;
        }
    }
    false
}

fn numbered(mut transactions: Vec<RegisterTransaction>) -> Vec<RegisterTransaction> {
    for (number, transaction) in (0..).zip(&mut transactions) {
        transaction.number = number;
    }
    transactions
}

fn at(call: u32, returned: u32, steps: &[RegisterStep]) -> RegisterTransaction {
    RegisterTransaction {
        number: 0,
        call,
        returned,
        steps: steps.to_vec(),
    }
}

const fn w(key: u32, value: Value) -> RegisterStep {
    RegisterStep::Write { key, value }
}

const fn r(key: u32, value: Value) -> RegisterStep {
    let found = Some(value);
    RegisterStep::Read { key, found }
}

const fn nil(key: u32) -> RegisterStep {
    RegisterStep::Read { key, found: None }
}
