//! The fast way, the general way, plain enumeration and stateright's tester agree on very many small histories.

use super::{
    check::CHECK,
    model::{Model, Timed},
    problem::{Effect, Problems, RegisterOp, Scratch},
    register::RegisterModel,
    search::{Outcome, search},
    shrink::{shrink, weaken_all_but},
    zones::{Violation, ZoneAnswer, zones},
};
use crate::{
    bench::{Flaw, Shape, Values, generate, stateright_linearizable},
    checks::{Budget, Validity, budget::Meter},
    history::Op,
};

#[test]
fn zones_agree_with_enumeration() {
    let mut refuted = 0;
    for seed in 0..rounds(150_000) {
        let (ops, values) = small(seed, seed.is_multiple_of(2), false);
        let truth = enumerate(&timed(&ops));
        match zones(&ops, values) {
            ZoneAnswer::NotApplicable => panic!("seed {seed}: values are unique"),
            ZoneAnswer::Linearizable => assert!(truth, "seed {seed}: {ops:?}"),
            ZoneAnswer::Violated(violations) => {
                assert!(!truth, "seed {seed}: {violations:?} in {ops:?}");
                refuted += 1;
            }
        }
    }
    assert!(
        (rounds(15_000)..rounds(135_000)).contains(&refuted),
        "{refuted} refuted: too few of one kind to mean anything"
    );
}

#[test]
fn search_agrees_with_enumeration() {
    let meter = Meter::start(&Budget::default());
    let mut refuted = 0;
    for seed in 0..rounds(150_000) {
        let (ops, _) = small(seed, seed.is_multiple_of(2), seed % 3 > 0);
        let ops = timed(&ops);
        let truth = enumerate(&ops);
        match search(&RegisterModel, &ops, &meter) {
            Outcome::Unknown(reason) => panic!("seed {seed}: {reason:?}"),
            Outcome::Linearizable => assert!(truth, "seed {seed}: {ops:?}"),
            Outcome::Violated(stuck) => {
                assert!(!truth, "seed {seed}: {stuck:?} in {ops:?}");
                refuted += 1;
            }
        }
    }
    assert!(
        (rounds(15_000)..rounds(135_000)).contains(&refuted),
        "{refuted} refuted: too few of one kind to mean anything"
    );
}

#[test]
fn zones_agree_with_search_on_longer_histories() {
    let meter = Meter::start(&Budget::default());
    for seed in 0..rounds(3_000) {
        let shape = Shape {
            seed,
            operations: 60,
            keys: 1,
            clients: 2 + (seed % 7) as u32,
            info_percent: (seed % 4) as u32 * 5,
            values: if seed.is_multiple_of(2) {
                Values::Unique
            } else {
                Values::UniqueCas
            },
            flaw: [Flaw::None, Flaw::AnyRead, Flaw::StaleRead][seed as usize % 3],
        };
        let (ops, values) = problem(&shape);
        let by_search = search(&RegisterModel, &timed(&ops), &meter);
        match zones(&ops, values) {
            ZoneAnswer::Linearizable => assert_eq!(by_search, Outcome::Linearizable, "{shape:?}"),
            ZoneAnswer::Violated(_) => assert!(matches!(by_search, Outcome::Violated(_)), "{shape:?}"),
            ZoneAnswer::NotApplicable => panic!("{shape:?}: values are unique"),
        }
    }
}

#[test]
fn stateright_agrees() {
    for seed in 0..rounds(20_000) {
        let (ops, _) = small(seed, seed.is_multiple_of(2), true);
        let ops = timed(&ops);
        let meter = Meter::start(&Budget::default());
        let ours = search(&RegisterModel, &ops, &meter) == Outcome::Linearizable;
        assert_eq!(stateright_linearizable(&ops), ours, "seed {seed}: {ops:?}");
    }
}

/// Each operation of a witness is needed: weaken any one more, and there is an order.
#[test]
fn witnesses_refute_alone_and_none_of_them_can_be_left_out() {
    let meter = Meter::start(&Budget::default());
    let mut sizes = [0u32; 5];
    for seed in 0..rounds(12_000) {
        let (ops, values) = small(seed, seed.is_multiple_of(2), false);
        let ZoneAnswer::Violated(violations) = zones(&ops, values) else {
            continue;
        };
        for violation in violations {
            let witness = operations(&violation);
            sizes[witness.len()] += 1;
            assert_smallest(&timed(&ops), &witness, &format!("seed {seed}: {violation:?}"));
        }
    }
    assert!(
        sizes[1..].iter().all(|size| *size > 0),
        "{sizes:?}: some size never occurred"
    );
    for seed in 0..rounds(1_500) {
        let (ops, _) = small(seed, true, true);
        let ops = timed(&ops);
        let Outcome::Violated(stuck) = search(&RegisterModel, &ops, &meter) else {
            continue;
        };
        let witness = shrink(&RegisterModel, &ops, stuck.target, &meter);
        assert!(witness.smallest);
        assert_smallest(&ops, &witness.operations, &format!("seed {seed}: {witness:?}"));
    }
}

#[test]
fn planted_stale_reads_are_found_and_valid_histories_pass() {
    for values in [Values::Unique, Values::UniqueCas, Values::Few(5)] {
        for (clients, info_percent) in [(1, 0), (5, 0), (5, 5), (30, 1)] {
            for flaw in [Flaw::None, Flaw::StaleRead] {
                let operations = if matches!(values, Values::Few(_)) {
                    1_000
                } else {
                    10_000
                };
                let shape = Shape {
                    seed: 3,
                    operations,
                    keys: 5,
                    clients,
                    info_percent,
                    values,
                    flaw,
                };
                let verdict = (CHECK.run)(&generate(&shape), &Budget::default());
                let expected = if flaw == Flaw::None {
                    Validity::Valid
                } else {
                    Validity::Invalid
                };
                assert_eq!(verdict.validity, expected, "{shape:?}: {}", verdict.summary);
                for anomaly in &verdict.anomalies {
                    assert!(
                        anomaly.operations.len() <= 4 || matches!(values, Values::Few(_)),
                        "{anomaly:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_spent_budget_is_unknown() {
    let shape = Shape {
        seed: 1,
        operations: 4_000,
        keys: 1,
        clients: 60,
        info_percent: 3,
        values: Values::Few(5),
        flaw: Flaw::None,
    };
    let budget = Budget {
        time: std::time::Duration::ZERO,
        ..Budget::default()
    };
    let verdict = (CHECK.run)(&generate(&shape), &budget);
    assert_eq!(verdict.validity, Validity::Unknown);
    assert!(verdict.summary.contains("time budget"), "{}", verdict.summary);
}

/// How many random histories: `PROPERTY_FACTOR=20` judges millions.
fn rounds(usual: u64) -> u64 {
    let factor: Option<u64> = std::env::var("PROPERTY_FACTOR")
        .ok()
        .and_then(|factor| factor.parse().ok());
    usual * factor.unwrap_or(1)
}

fn assert_smallest(ops: &[Timed<Effect>], witness: &[u32], context: &str) {
    // Weakened operations stay as crashed ones: too many for plain enumeration, so the search judges.
    let meter = Meter::start(&Budget::default());
    let refutes = |kept: &[u32]| {
        let weakened = weaken_all_but(&RegisterModel, ops, kept);
        search(&RegisterModel, &weakened, &meter) != Outcome::Linearizable
    };
    assert!(refutes(witness), "{context}: does not refute alone: {ops:?}");
    for left_out in 0..witness.len() {
        let mut rest = witness.to_vec();
        rest.remove(left_out);
        assert!(
            !refutes(&rest),
            "{context}: {} can be left out: {ops:?}",
            witness[left_out]
        );
    }
}

fn operations(violation: &Violation) -> Vec<u32> {
    let mut operations = match violation {
        Violation::Phantom { observer } | Violation::Ring { observer } => vec![*observer],
        Violation::TwoSwaps { first, second } => vec![*first, *second],
        Violation::Backwards { early, late } => vec![*early, *late],
        Violation::Interrupted { holder, intruder } => [holder.clone(), intruder.clone()].concat(),
    };
    operations.sort_unstable();
    operations.dedup();
    operations
}

/// A small random problem; half of them have a random read spoiled. `few`: values repeat.
fn small(seed: u64, cas: bool, few: bool) -> (Vec<RegisterOp>, usize) {
    let values = match (few, cas) {
        (true, _) => Values::Few(2 + (seed % 2) as u8),
        (false, true) => Values::UniqueCas,
        (false, false) => Values::Unique,
    };
    let (ops, count) = problem(&Shape {
        seed,
        operations: 3 + (seed % 6) as u32,
        keys: 1,
        clients: 1 + (seed % 5) as u32,
        info_percent: (seed % 4) as u32 * 12,
        values,
        flaw: if seed.is_multiple_of(5) {
            Flaw::None
        } else {
            Flaw::AnyRead
        },
    });
    // Spoil more: move a return to right after its call, which takes concurrency away.
    let mut ops = ops;
    let length = ops.len().max(1);
    if seed % 7 < 3
        && let Some(op) = ops.get_mut(seed as usize / 7 % length)
        && op.returned != Op::NEVER
    {
        op.returned = op.call;
    }
    for op in &mut ops {
        // Twice as many places: a moved return falls between its call and the next event.
        let moved = op.returned == op.call;
        op.call *= 2;
        if op.returned != Op::NEVER {
            op.returned = op.returned * 2 + u32::from(moved);
        }
    }
    (ops, count)
}

fn problem(shape: &Shape) -> (Vec<RegisterOp>, usize) {
    let history = generate(shape);
    let problems = Problems::of(&history);
    let range = problems.keys.values().next().cloned().unwrap_or(0..0);
    problems.of_key(range, &mut Scratch::default())
}

fn timed(ops: &[RegisterOp]) -> Vec<Timed<Effect>> {
    ops.iter()
        .map(|op| Timed {
            call: op.call,
            returned: op.returned,
            effect: op.effect,
        })
        .collect()
}

/// Every order, one after the other.
fn enumerate(ops: &[Timed<Effect>]) -> bool {
    fn go(ops: &[Timed<Effect>], placed: &mut [bool], state: u32) -> bool {
        let open = |at: &usize| !placed[*at] && ops[*at].returned != Op::NEVER;
        let Some(deadline) = (0..ops.len()).filter(open).map(|at| ops[at].returned).min() else {
            return true;
        };
        for at in 0..ops.len() {
            if placed[at] || ops[at].call > deadline {
                continue;
            }
            if let Some(after) = RegisterModel.step(state, ops[at].effect) {
                placed[at] = true;
                if go(ops, placed, after) {
                    return true;
                }
                placed[at] = false;
            }
        }
        false
    }
    go(ops, &mut vec![false; ops.len()], 0)
}
