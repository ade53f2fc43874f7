//! Each anomaly planted and found by its name; histories made from one order accepted.

use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use workloads::operation::Value;

use super::{check::only, judge_transactions};
use crate::{
    checks::{Budget, Validity},
    history::{
        Op,
        foreign::{MicroOp, Transaction},
    },
};

#[test]
fn each_anomaly_has_its_name() {
    let cases: [(&str, Vec<Transaction>); 15] = [
        ("G1a", vec![refused(0, 1, &[a(1, 1)]), ok(2, 3, &[r(1, &[1])])]),
        (
            "G1b",
            vec![
                ok(0, 4, &[a(1, 1), a(1, 2)]),
                ok(1, 5, &[r(1, &[1])]),
                ok(6, 7, &[r(1, &[1, 2])]),
            ],
        ),
        (
            "incompatible-order",
            vec![
                ok(0, 9, &[a(1, 1)]),
                ok(1, 8, &[a(1, 2)]),
                ok(2, 7, &[r(1, &[1, 2])]),
                ok(3, 6, &[r(1, &[2])]),
            ],
        ),
        (
            "duplicate-elements",
            vec![ok(0, 1, &[a(1, 1)]), ok(2, 3, &[r(1, &[1, 1])])],
        ),
        ("phantom-element", vec![ok(2, 3, &[r(1, &[7])])]),
        (
            "duplicate-append",
            vec![ok(0, 1, &[a(1, 1)]), ok(2, 3, &[a(1, 1)])],
        ),
        ("internal", vec![ok(0, 1, &[a(1, 1), r(1, &[])])]),
        (
            "G0",
            vec![
                ok(0, 10, &[a(1, 1), a(2, 1)]),
                ok(1, 9, &[a(1, 2), a(2, 2)]),
                ok(2, 8, &[r(1, &[1, 2]), r(2, &[2, 1])]),
            ],
        ),
        (
            "G1c",
            vec![ok(0, 9, &[a(1, 1), r(2, &[1])]), ok(1, 8, &[a(2, 1), r(1, &[1])])],
        ),
        (
            "G-single",
            vec![
                ok(0, 9, &[a(1, 1), a(2, 1)]),
                ok(1, 8, &[r(1, &[1]), r(2, &[])]),
                ok(2, 7, &[r(2, &[1])]),
            ],
        ),
        (
            "G2",
            vec![
                ok(0, 9, &[r(1, &[]), a(2, 1)]),
                ok(1, 8, &[r(2, &[]), a(1, 1)]),
                ok(10, 11, &[r(1, &[1]), r(2, &[1])]),
            ],
        ),
        (
            "G-single-realtime",
            vec![
                ok(0, 1, &[a(1, 1)]),
                ok(2, 3, &[r(1, &[])]),
                ok(4, 5, &[r(1, &[1])]),
            ],
        ),
        (
            "G1c-realtime",
            vec![ok(0, 1, &[r(1, &[1])]), ok(2, 3, &[a(1, 1)])],
        ),
        (
            "G2-realtime",
            vec![
                ok(0, 1, &[a(2, 1)]),
                ok(2, 3, &[r(1, &[])]),
                ok(0, 9, &[a(1, 1), r(2, &[])]),
                ok(10, 11, &[r(1, &[1]), r(2, &[1])]),
            ],
        ),
        (
            "G0-realtime",
            vec![
                ok(0, 1, &[a(1, 1)]),
                ok(2, 3, &[a(1, 2)]),
                ok(4, 5, &[r(1, &[2, 1])]),
            ],
        ),
    ];
    for (name, transactions) in cases {
        let verdict = judge_transactions(&numbered(transactions), &Budget::default());
        let kinds: Vec<&str> = verdict
            .anomalies
            .iter()
            .map(|anomaly| anomaly.kind.as_str())
            .collect();
        assert!(kinds.contains(&name), "{name}: {kinds:?} {}", verdict.summary);
        assert_eq!(verdict.validity, Validity::Invalid);
    }
}

/// The same contradictions within one session are named after it.
#[test]
fn each_anomaly_of_a_session_has_its_name() {
    let cases: [(&str, Vec<Transaction>); 4] = [
        (
            "G0-process",
            vec![
                ok(0, 1, &[a(1, 1)]),
                ok(2, 3, &[a(1, 2)]),
                ok(4, 5, &[r(1, &[2, 1])]),
            ],
        ),
        ("G1c-process", vec![ok(0, 1, &[r(1, &[1])]), ok(2, 3, &[a(1, 1)])]),
        (
            "G-single-process",
            vec![
                ok(0, 1, &[a(1, 1)]),
                ok(2, 3, &[r(1, &[])]),
                ok(4, 5, &[r(1, &[1])]),
            ],
        ),
        (
            "G2-process",
            vec![
                ok(0, 1, &[a(2, 1)]),
                ok(2, 3, &[r(1, &[])]),
                ok(0, 9, &[a(1, 1), r(2, &[])]),
                ok(10, 11, &[r(1, &[1]), r(2, &[1])]),
            ],
        ),
    ];
    for (name, transactions) in cases {
        let mut transactions = numbered(transactions);
        transactions[1].process = transactions[0].process;
        let verdict = judge_transactions(&transactions, &Budget::default());
        let kinds: Vec<&str> = verdict
            .anomalies
            .iter()
            .map(|anomaly| anomaly.kind.as_str())
            .collect();
        assert!(kinds.contains(&name), "{name}: {kinds:?} {}", verdict.summary);
    }
}

/// A ring of 1,500 transactions, each of which read a list before the next appended to it, is G2; with one of them also seen
/// by its neighbour on one list and not on another, it is G-single, wherever in the ring that is.
#[test]
fn one_rw_edge_among_very_many_is_found_wherever_it_is() {
    const RING: u32 = 1_500;
    let ring = |seen: Option<u32>| {
        let mut transactions: Vec<Transaction> = (0..RING)
            .map(|at| ok(at, 4 * RING + at, &[r(at, &[]), a((at + RING - 1) % RING, 1)]))
            .collect();
        let (one, other) = (RING, RING + 1);
        let mut whole: Vec<MicroOp> = (0..RING).map(|at| r(at, &[1])).collect();
        if let Some(seen) = seen {
            transactions[seen as usize]
                .micro_ops
                .extend([a(one, 1), a(other, 1)]);
            let neighbour = ((seen + 1) % RING) as usize;
            transactions[neighbour]
                .micro_ops
                .extend([r(one, &[1]), r(other, &[])]);
            whole.extend([r(one, &[1]), r(other, &[1])]);
        }
        transactions.push(ok(6 * RING, 6 * RING + 1, &whole));
        judge_transactions(&numbered(transactions), &Budget::default())
    };
    for seen in [0, 7, RING / 2, RING - 1] {
        let verdict = ring(Some(seen));
        let [anomaly] = &verdict.anomalies[..] else {
            panic!("{seen}: {:?}", verdict.anomalies)
        };
        assert_eq!(anomaly.kind, "G-single", "{seen}: {}", anomaly.words);
        assert!(anomaly.operations.len() <= 3, "{anomaly:?}");
        assert_eq!(verdict.notes, [""; 0]);
    }
    let verdict = ring(None);
    assert_eq!(verdict.anomalies[0].kind, "G2");
    assert_eq!(verdict.anomalies[0].operations.len(), RING as usize + 1);
}

#[test]
fn an_acknowledged_append_that_a_later_read_lacks_is_found_without_being_seen_by_anyone() {
    let lost = numbered(vec![ok(0, 1, &[a(1, 1)]), ok(2, 3, &[r(1, &[])])]);
    let verdict = judge_transactions(&lost, &Budget::default());
    assert_eq!(
        verdict.anomalies[0].kind, "G-single-realtime",
        "{}",
        verdict.summary
    );
    assert_eq!(verdict.anomalies[0].operations.len(), 2);
    let unknown = numbered(vec![crashed(0, &[a(1, 1)]), ok(2, 3, &[r(1, &[])])]);
    assert_eq!(
        judge_transactions(&unknown, &Budget::default()).validity,
        Validity::Valid
    );
}

#[test]
fn a_session_that_forgets_itself_is_found() {
    let mut transactions = numbered(vec![
        ok(0, 12, &[a(1, 1)]),
        ok(1, 8, &[r(1, &[1])]),
        ok(10, 11, &[r(1, &[])]),
    ]);
    transactions[2].process = 1;
    let verdict = judge_transactions(&transactions, &Budget::default());
    assert_eq!(
        verdict.anomalies[0].kind, "G-single-process",
        "{}",
        verdict.summary
    );
}

#[test]
fn histories_made_from_one_order_are_accepted_and_spoiled_reads_are_not() {
    let mut spoiled_found = 0;
    for seed in 0..300 {
        let mut transactions = generate(seed, 60, 5, 3);
        let verdict = judge_transactions(&transactions, &Budget::default());
        assert_eq!(
            verdict.validity,
            Validity::Valid,
            "seed {seed}: {}",
            verdict.summary
        );
        // Cut the last element of the last read off: it was appended long before, or not.
        let read =
            transactions
                .iter_mut()
                .rev()
                .find_map(|transaction| match &mut transaction.micro_ops[..] {
                    [
                        MicroOp::Read {
                            found: Some(found), ..
                        },
                    ] if found.len() > 3 => Some(found),
                    _ => None,
                });
        if let Some(found) = read {
            found.truncate(1);
            let verdict = judge_transactions(&transactions, &Budget::default());
            spoiled_found += u32::from(verdict.validity == Validity::Invalid);
        }
    }
    assert!(spoiled_found > 200, "{spoiled_found}");
}

/// Random transactions that see one list a little late: each witness refutes alone, and nothing of it can be left out.
#[test]
fn each_witness_of_transactions_refutes_alone_and_nothing_of_it_can_be_left_out() {
    let mut found: BTreeSet<String> = BTreeSet::new();
    for seed in 0..6_000 {
        let transactions = late_readers(seed);
        let verdict = judge_transactions(&transactions, &Budget::default());
        let refutes = |kept: &BTreeSet<u64>| {
            let verdict = judge_transactions(&only(&transactions, kept), &Budget::default());
            verdict.validity == Validity::Invalid
        };
        for anomaly in verdict.anomalies {
            let witness: BTreeSet<u64> = anomaly.operations.iter().copied().collect();
            let context = || format!("seed {seed}: {anomaly:?}\n{transactions:#?}");
            assert!(refutes(&witness), "does not refute alone: {}", context());
            for left_out in &witness {
                let mut rest = witness.clone();
                rest.remove(left_out);
                assert!(!refutes(&rest), "{left_out} can be left out: {}", context());
            }
            found.insert(anomaly.kind.clone());
        }
    }
    for kind in [
        "G0",
        "G1b",
        "G1c",
        "G-single",
        "G2",
        "G-single-realtime",
        "incompatible-order",
    ] {
        assert!(found.contains(kind), "{kind} never occurred: {found:?}");
    }
}

/// Three lists, five transactions at once; a look may miss the last element, a transaction may come apart.
fn late_readers(seed: u64) -> Vec<Transaction> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |bound: u32| dice.next_u32() % bound;
    let count = 3 + below(4);
    let mut transactions: Vec<Transaction> = Vec::new();
    for number in 0..count {
        let call = below(12) * 2;
        let micros = 1 + below(3);
        let micro_ops = (0..micros).map(|_| {
            let key = below(3);
            if below(2) == 0 { a(key, 0) } else { r(key, &[]) }
        });
        let micro_ops = micro_ops.collect();
        let returned = call + 1 + below(20) * 2;
        transactions.push(Transaction {
            number: number.into(),
            process: below(4) + 10 * number,
            call,
            returned,
            refused: false,
            micro_ops,
        });
    }
    transactions.sort_by_key(|transaction| (transaction.call, transaction.number));
    let mut lists: Vec<Vec<Value>> = vec![Vec::new(); 3];
    let mut value = 0;
    // Micro-operations of all of them, now and then out of their transaction's turn.
    let mut turns: Vec<(usize, usize)> = Vec::new();
    for (at, transaction) in transactions.iter().enumerate() {
        turns.extend((0..transaction.micro_ops.len()).map(|micro| (at, micro)));
    }
    for _ in 0..below(4) {
        let (one, other) = (below(turns.len() as u32), below(turns.len() as u32));
        turns.swap(one as usize, other as usize);
    }
    for (at, micro) in turns {
        match &mut transactions[at].micro_ops[micro] {
            MicroOp::Append { key, value: appended } => {
                value += 1;
                *appended = value;
                lists[*key as usize].push(value);
            }
            MicroOp::Read { key, found } => {
                let list = &lists[*key as usize];
                let missed = if below(5) == 0 { 1 } else { 0 };
                let length = list.len().saturating_sub(missed);
                let mut seen = list[..length].to_vec();
                if length > 1 && below(12) == 0 {
                    seen.swap(length - 2, length - 1);
                }
                *found = Some(seen);
            }
        }
    }
    // Someone sees it all.
    let micro_ops = (0..3).map(|key| r(key, &lists[key as usize])).collect();
    transactions.push(Transaction {
        number: 99,
        process: 99,
        call: 100,
        returned: 101,
        refused: false,
        micro_ops,
    });
    transactions
}

/// Single operations: the graph has no cycle exactly when some order explains everything.
#[test]
fn the_graph_agrees_with_enumeration_on_small_histories() {
    let mut refuted = 0;
    for seed in 0..20_000 {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let mut transactions = generate(seed, 6, 3, 1);
        for transaction in &mut transactions {
            if let [
                MicroOp::Read {
                    found: Some(found), ..
                },
            ] = &mut transaction.micro_ops[..]
                && dice.next_u32().is_multiple_of(3)
            {
                found.truncate(found.len() / 2);
            }
        }
        let verdict = judge_transactions(&transactions, &Budget::default());
        let truth = explained(
            &transactions,
            &mut vec![false; transactions.len()],
            &mut Vec::new(),
        );
        assert_eq!(
            verdict.validity == Validity::Valid,
            truth,
            "seed {seed}: {} {transactions:?}",
            verdict.summary
        );
        refuted += u32::from(!truth);
    }
    assert!((1_000..19_000).contains(&refuted), "{refuted}");
}

fn explained(all: &[Transaction], placed: &mut [bool], list: &mut Vec<Value>) -> bool {
    let deadline = (0..all.len())
        .filter(|at| !placed[*at])
        .map(|at| all[at].returned)
        .min()
        .unwrap_or(Op::NEVER);
    if deadline == Op::NEVER {
        return true;
    }
    for at in 0..all.len() {
        if placed[at] || all[at].call > deadline {
            continue;
        }
        placed[at] = true;
        let explained = match &all[at].micro_ops[..] {
            [MicroOp::Append { value, .. }] => {
                list.push(*value);
                let explained = explained(all, placed, list);
                list.pop();
                explained
            }
            [
                MicroOp::Read {
                    found: Some(found), ..
                },
            ] => found == list && explained(all, placed, list),
            _ => explained(all, placed, list),
        };
        placed[at] = false;
        if explained {
            return true;
        }
    }
    false
}

/// Single appends and reads on `keys` lists by `clients`, some of unknown end.
fn generate(seed: u64, operations: u32, clients: usize, keys: u32) -> Vec<Transaction> {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |bound: u32| (dice.next_u64() % u64::from(bound)) as u32;
    let mut lists: Vec<Vec<Value>> = vec![Vec::new(); keys as usize];
    let mut transactions: Vec<Transaction> = Vec::new();
    let mut clients: Vec<Option<(usize, bool)>> = vec![None; clients];
    let mut place = 0;
    while transactions.len() < operations as usize || clients.iter().any(Option::is_some) {
        let client = below(clients.len() as u32) as usize;
        match clients[client] {
            None if transactions.len() < operations as usize => {
                let key = below(keys);
                let micro = if below(2) == 0 {
                    MicroOp::Append {
                        key,
                        value: transactions.len() as Value + 1,
                    }
                } else {
                    MicroOp::Read { key, found: None }
                };
                clients[client] = Some((transactions.len(), false));
                transactions.push(Transaction {
                    number: transactions.len() as u64,
                    process: transactions.len() as u32,
                    call: place,
                    returned: Op::NEVER,
                    refused: false,
                    micro_ops: vec![micro],
                });
                place += 1;
            }
            None => {}
            Some((at, false)) => {
                clients[client] = Some((at, true));
                match &mut transactions[at].micro_ops[0] {
                    MicroOp::Append { key, value } => lists[*key as usize].push(*value),
                    MicroOp::Read { key, found } => *found = Some(lists[*key as usize].clone()),
                }
            }
            Some((at, true)) => {
                clients[client] = None;
                if below(10) > 0 {
                    transactions[at].returned = place;
                    place += 1;
                } else if let MicroOp::Read { found, .. } = &mut transactions[at].micro_ops[0] {
                    *found = None;
                }
            }
        }
    }
    transactions
}

fn numbered(mut transactions: Vec<Transaction>) -> Vec<Transaction> {
    for (number, transaction) in (0u32..).zip(&mut transactions) {
        (transaction.number, transaction.process) = (number.into(), number);
    }
    transactions
}

fn ok(call: u32, returned: u32, micro_ops: &[MicroOp]) -> Transaction {
    let micro_ops = micro_ops.to_vec();
    Transaction {
        number: 0,
        process: 0,
        call,
        returned,
        refused: false,
        micro_ops,
    }
}

fn refused(call: u32, returned: u32, micro_ops: &[MicroOp]) -> Transaction {
    Transaction {
        refused: true,
        ..ok(call, returned, micro_ops)
    }
}

fn crashed(call: u32, micro_ops: &[MicroOp]) -> Transaction {
    ok(call, Op::NEVER, micro_ops)
}

fn a(key: u32, value: Value) -> MicroOp {
    MicroOp::Append { key, value }
}

fn r(key: u32, found: &[Value]) -> MicroOp {
    MicroOp::Read {
        key,
        found: Some(found.to_vec()),
    }
}
