//! The fast way, the general way, plain enumeration and stateright's tester agree on very many small histories.

use super::{
    check::CHECK,
    model::{Model, Timed},
    one_pass::{OpenKey, one_pass},
    problem::{Effect, Problems, RegisterOp, Scratch},
    register::RegisterModel,
    search::{Outcome, search},
    shrink::{shrink, weaken_all_but},
    zones::{Violation, ZoneAnswer, zones},
};
use crate::{
    bench::{Ended, Flaw, Shape, Values, generate, stateright_linearizable, wgl},
    checks::{Budget, Validity, budget::Meter},
    history::{History, Op},
};
use workloads::operation::{Completion, Observed, ReadConcern, WriteConcern};

#[test]
fn zones_agree_with_enumeration() {
    let mut refuted = 0;
    for seed in 0..rounds(150_000) {
        let (ops, values) = small(seed, seed.is_multiple_of(2), false);
        let truth = enumerate(&RegisterModel, &timed(&ops));
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
        let truth = enumerate(&RegisterModel, &ops);
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

/// Much is pending at once, so that writes overwrite one another unseen and crashed ones abound.
#[test]
fn search_agrees_with_wing_gong_lowe_where_much_is_pending() {
    let meter = Meter::start(&Budget::default());
    let mut refuted = 0;
    for seed in 0..rounds(40_000) {
        let (ops, _) = problem(&Shape {
            seed,
            operations: 8 + (seed % 11) as u32,
            keys: 1,
            clients: 4 + (seed % 9) as u32,
            info_percent: (seed % 5) as u32 * 7,
            values: Values::Few(2 + (seed % 3) as u8),
            flaw: if seed.is_multiple_of(7) {
                Flaw::None
            } else {
                Flaw::AnyRead
            },
        });
        let mut ops = timed(&ops);
        // Returns drawn together take slack away: what was pending together must still fit into less time.
        for op in &mut ops {
            op.call *= 2;
            if op.returned != Op::NEVER && (seed ^ u64::from(op.call)).is_multiple_of(3) {
                op.returned = op.call + (op.returned * 2 - op.call) / 4 * 2 + 1;
            } else if op.returned != Op::NEVER {
                op.returned *= 2;
            }
        }
        let limits = (std::time::Duration::from_secs(60), 1 << 30);
        let truth = wgl(&RegisterModel, &ops, limits.0, limits.1);
        let ours = search(&RegisterModel, &ops, &meter) == Outcome::Linearizable;
        assert_eq!(truth, Ended::Decided(ours), "seed {seed}: {ops:?}");
        refuted += u32::from(!ours);
    }
    assert!(
        (rounds(4_000)..rounds(36_000)).contains(&u64::from(refuted)),
        "{refuted} refuted: too few of one kind to mean anything"
    );
}

/// Found among 800,000 random histories: a crashed write, called after one of two equal writes had been placed and
/// before the other one returned.
#[test]
fn a_crashed_write_is_seen_between_two_equal_writes() {
    let op = |call, returned, effect| Timed {
        call,
        returned,
        effect,
    };
    let ops = [
        op(12, 36, Effect::Write(2)),
        op(20, 30, Effect::Write(2)),
        op(26, 38, Effect::Read(4)),
        op(32, Op::NEVER, Effect::Write(4)),
        op(40, 45, Effect::Read(2)),
    ];
    let meter = Meter::start(&Budget::default());
    assert!(enumerate(&RegisterModel, &ops));
    assert_eq!(search(&RegisterModel, &ops, &meter), Outcome::Linearizable);
}

/// Histories of several keys, weak concerns and wrong replies among them.
#[test]
fn one_pass_leaves_those_keys_open_that_the_zones_do_not_prove() {
    let (mut open, mut proven, mut suspected) = (0, 0, 0);
    for seed in 0..rounds(100_000) {
        let history = several_keys(seed);
        let meter = Meter::start(&Budget::default());
        let pass = one_pass(&history, &meter);
        let pass = pass.expect("it is short").expect("there are few keys");
        let problems = Problems::of(&history);
        let open_keys: Vec<_> = pass
            .open
            .iter()
            .map(|open| (open.key, open.range.clone()))
            .collect();
        let rest = Problems::of_keys(&history, &open_keys);
        let mut scratch = Scratch::default();
        for (key, range) in &problems.keys {
            let (ops, values) = problems.of_key(range.clone(), &mut scratch);
            let wrong = |op: u32| history.ops[op as usize].request.action.key() == *key;
            let expected = zones(&ops, values) == ZoneAnswer::Linearizable
                && !problems.wrong.iter().any(|reply| wrong(reply.op));
            let left = pass.open.iter().find(|open| open.key == *key);
            assert_eq!(left.is_some(), !expected, "seed {seed}, key {key}: {history:?}");
            if let Some(left) = left {
                suspected += u32::from(assert_suspects_refute(&history, left));
                let (again, _) = rest.of_key(rest.keys[key].clone(), &mut scratch);
                assert_eq!(again, ops, "seed {seed}");
                open += 1;
            } else {
                proven += 1;
            }
        }
        let sum = |problems: &Problems| {
            problems
                .keys
                .values()
                .map(|range| range.len() as u64)
                .sum::<u64>()
        };
        assert_eq!(pass.operations + sum(&rest), sum(&problems), "seed {seed}");
        assert_eq!(rest.wrong.len(), problems.wrong.len(), "seed {seed}");
        assert_eq!(
            pass.weak_reads + rest.weak_reads,
            problems.weak_reads,
            "seed {seed}: {history:?}"
        );
        assert_eq!(
            pass.weak_writes + rest.weak_writes,
            problems.weak_writes,
            "seed {seed}"
        );
    }
    assert!(
        open > rounds(20_000) && proven > rounds(20_000),
        "{open} open, {proven} proven"
    );
    assert!(u64::from(suspected) > rounds(5_000), "{suspected} with suspects");
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
    // Four, and the proof of each crashed one whose call counts.
    let mut sizes = [0u32; 7];
    for seed in 0..rounds(12_000) {
        let (ops, values) = small(seed, seed.is_multiple_of(2), false);
        let ZoneAnswer::Violated(violations) = zones(&ops, values) else {
            continue;
        };
        for violation in violations {
            let witness = operations(&violation);
            sizes[witness.len()] += 1;
            assert_smallest(
                &RegisterModel,
                &timed(&ops),
                &witness,
                &format!("seed {seed}: {violation:?}"),
            );
        }
    }
    assert!(
        sizes[1..5].iter().all(|size| *size > 0),
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
        assert_smallest(
            &RegisterModel,
            &ops,
            &witness.operations,
            &format!("seed {seed}: {witness:?}"),
        );
    }
}

/// That the crashed swap to 1 happened, its reader proves; both lie between the two operations that held 3 and then 4, so
/// that the write of the 2 that was swapped away is not needed (seed 790,138 of the random ones).
#[test]
fn a_crashed_swap_and_its_reader_suffice_without_the_begin_of_their_chain() {
    let ops = [
        (2, 20, Effect::Read(1)),
        (4, 16, Effect::Write(2)),
        (6, 10, Effect::Write(3)),
        (8, 12, Effect::Read(3)),
        (14, 24, Effect::Cas(3, 4)),
        (18, Op::NEVER, Effect::Cas(2, 1)),
        (22, 26, Effect::Read(4)),
    ];
    let violation = only_violation(&ops);
    assert_eq!(operations(&violation), [0, 2, 5, 6], "{violation:?}");
}

/// The crashed swap to 1 is proven by the operation that returned first in its chain, too: no further proof is named.
#[test]
fn the_first_return_of_a_chain_may_be_the_proof_of_its_last_call() {
    let ops = [
        (2, 10, Effect::Write(3)),
        (5, 16, Effect::Cas(1, 4)),
        (6, 26, Effect::Write(2)),
        (7, 23, Effect::Read(1)),
        (12, Op::NEVER, Effect::Cas(2, 1)),
        (22, 28, Effect::Read(3)),
    ];
    let violation = only_violation(&ops);
    assert_eq!(operations(&violation), [0, 1, 4, 5], "{violation:?}");
}

/// What ends after the dead end may still say more than what came before it: the second swap needs a 2 after a 1 was
/// read, and that refutes with one of the two writes alone.
#[test]
fn a_witness_is_smallest_with_the_returns_after_its_end_too() {
    let ops = [
        (2, 6, Effect::Read(0)),
        (4, 10, Effect::Write(1)),
        (8, 12, Effect::Write(1)),
        (14, 18, Effect::Read(2)),
        (16, 20, Effect::Cas(1, 2)),
        (22, 24, Effect::Read(2)),
        (26, 28, Effect::Read(1)),
        (30, 32, Effect::Cas(2, 1)),
    ];
    let ops = ops.map(|(call, returned, effect)| Timed {
        call,
        returned,
        effect,
    });
    let meter = Meter::start(&Budget::default());
    let Outcome::Violated(stuck) = search(&RegisterModel, &ops, &meter) else {
        panic!("no order explains the read of 1");
    };
    let witness = shrink(&RegisterModel, &ops, stuck.target, &meter);
    assert_smallest(&RegisterModel, &ops, &witness.operations, &format!("{witness:?}"));
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
pub(super) fn rounds(usual: u64) -> u64 {
    let factor: Option<u64> = std::env::var("PROPERTY_FACTOR")
        .ok()
        .and_then(|factor| factor.parse().ok());
    usual * factor.unwrap_or(1)
}

pub(super) fn assert_smallest<M: Model>(model: &M, ops: &[Timed<M::Effect>], witness: &[u32], context: &str)
where
    M::Effect: std::fmt::Debug,
    M::State: std::fmt::Debug,
{
    // Weakened operations stay as crashed ones: too many for plain enumeration, so the search judges.
    let meter = Meter::start(&Budget::default());
    let refutes = |kept: &[u32]| {
        let weakened = weaken_all_but(model, ops, kept);
        search(model, &weakened, &meter) != Outcome::Linearizable
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

/// Where it is known which values contradict each other, their operations alone are refuted, each witness by itself.
fn assert_suspects_refute(history: &History, open: &OpenKey) -> bool {
    if open.suspects.is_empty() {
        return false;
    }
    let problems = Problems::of_positions(history, open.key, &open.suspects);
    let (ops, values) = problems.of_key(problems.keys[&open.key].clone(), &mut Scratch::default());
    let ZoneAnswer::Violated(violations) = zones(&ops, values) else {
        panic!("no contradiction among {:?} of {history:?}", open.suspects);
    };
    assert!(!violations.is_empty());
    true
}

/// The one violation of a history of unique values, of which nothing can be left out.
fn only_violation(ops: &[(u32, u32, Effect)]) -> Violation {
    let ops: Vec<RegisterOp> = (0u32..)
        .zip(ops)
        .map(|(op, &(call, returned, effect))| RegisterOp {
            op,
            call,
            returned,
            effect,
        })
        .collect();
    let ZoneAnswer::Violated(violations) = zones(&ops, 5) else {
        panic!("there is an order: {ops:?}");
    };
    let [violation] = &violations[..] else {
        panic!("not one: {violations:?}");
    };
    assert_smallest(
        &RegisterModel,
        &timed(&ops),
        &operations(violation),
        &format!("{violation:?}"),
    );
    violation.clone()
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

/// Several keys at once; some operations ask for less, some replies contradict themselves, some returns are moved.
fn several_keys(seed: u64) -> History {
    let mut history = generate(&Shape {
        seed,
        operations: 4 + (seed % 17) as u32,
        keys: 1 + (seed % 3) as u32,
        clients: 1 + (seed % 5) as u32,
        info_percent: (seed % 4) as u32 * 12,
        values: [
            Values::Unique,
            Values::UniqueCas,
            Values::UniqueCas,
            Values::Few(3),
        ][seed as usize % 4],
        flaw: [Flaw::None, Flaw::AnyRead][seed as usize / 4 % 2],
    });
    if seed.is_multiple_of(3) {
        history.initial = Some((seed % 5) as i64);
    }
    // Keys follow one another; fold them over each other.
    let length = history.ops.len().max(1) as u64;
    for op in &mut history.ops {
        let dice = (seed ^ op.number.wrapping_mul(0x9e37_79b9)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40;
        match dice % 40 {
            0 => op.request.concerns.write = WriteConcern::One,
            1 => op.request.concerns.read = ReadConcern::Majority,
            2 if op.returned != Op::NEVER => op.returned = op.call,
            3 => {
                if let Completion::Ok(Observed::Swapped { was, .. }) = &mut op.completion {
                    *was = Some((dice % length) as i64);
                }
            }
            _ => {}
        }
    }
    history
        .ops
        .sort_by_key(|op| (op.call % (1 + length as u32 / 2), op.call));
    for (place, op) in (0u32..).zip(&mut history.ops) {
        let length = op.returned.saturating_sub(op.call);
        op.call = place * 2;
        if op.returned != Op::NEVER {
            op.returned = place * 2 + length * 2 + 1;
        }
    }
    history
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
pub(super) fn enumerate<M: Model>(model: &M, ops: &[Timed<M::Effect>]) -> bool {
    fn go<M: Model>(model: &M, ops: &[Timed<M::Effect>], placed: &mut [bool], state: M::State) -> bool {
        let open = |at: &usize| !placed[*at] && ops[*at].returned != Op::NEVER;
        let Some(deadline) = (0..ops.len()).filter(open).map(|at| ops[at].returned).min() else {
            return true;
        };
        for at in 0..ops.len() {
            if placed[at] || ops[at].call > deadline {
                continue;
            }
            if let Some(after) = model.step(state, ops[at].effect) {
                placed[at] = true;
                if go(model, ops, placed, after) {
                    return true;
                }
                placed[at] = false;
            }
        }
        false
    }
    go(model, ops, &mut vec![false; ops.len()], model.initial())
}
