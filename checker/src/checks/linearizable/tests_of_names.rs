//! Each anomaly of a register, planted and found by its name, with the operations that show it.

use workloads::operation::{Action, Concerns, Observed, Value};

use super::check::CHECK;
use crate::{
    checks::{
        Budget, Validity,
        fixtures::{fail, history, info, ok, with},
    },
    history::Op,
};

#[test]
fn each_anomaly_has_its_name_and_its_witness() {
    let cases: [(&str, Vec<Op>, &[u64]); 12] = [
        ("phantom-read", vec![read(1, 2, Some(7))], &[0]),
        (
            "aborted-read",
            vec![fail(1, 2, write_of(7)), read(3, 4, Some(7))],
            &[1],
        ),
        ("swap-ring", vec![swap(1, 5, 1, 2), swap(2, 6, 2, 1)], &[0, 1]),
        (
            "lost-update",
            vec![write(1, 2, 1), swap(3, 5, 1, 2), swap(4, 6, 1, 3)],
            &[1, 2],
        ),
        ("future-read", vec![read(1, 2, Some(1)), write(3, 4, 1)], &[0, 1]),
        (
            "stale-read",
            vec![write(1, 2, 1), write(3, 4, 2), read(5, 6, Some(1))],
            &[0, 1, 2],
        ),
        // The document was there, and is seen not to be.
        ("stale-read", vec![write(1, 2, 1), read(3, 4, None)], &[0, 1]),
        // It was swapped away by one whose end is unknown, and whose value was seen.
        (
            "future-read",
            vec![
                write(1, 2, 1),
                info(3, swap_of(1, 2)),
                read(4, 5, Some(2)),
                read(6, 7, Some(1)),
            ],
            &[2, 3],
        ),
        (
            "contradicting-reads",
            vec![
                write(1, 20, 1),
                write(2, 19, 2),
                read(3, 4, Some(1)),
                read(5, 6, Some(2)),
                read(7, 8, Some(1)),
            ],
            &[2, 3, 4],
        ),
        (
            "wrong-reply",
            vec![write(1, 2, 1), replied(3, 4, 1, 2, Some(5), true)],
            &[1],
        ),
        (
            "wrong-reply",
            vec![write(1, 2, 1), replied(3, 4, 1, 2, Some(1), false)],
            &[1],
        ),
        // Values come twice: the search refutes.
        (
            "no-order",
            vec![
                write(1, 2, 1),
                write(3, 4, 1),
                write(5, 6, 2),
                read(7, 8, Some(1)),
            ],
            &[0, 1, 2, 3],
        ),
    ];
    for (name, ops, witness) in cases {
        let verdict = (CHECK.run)(&history(ops), &Budget::default());
        assert_eq!(verdict.validity, Validity::Invalid, "{name}: {}", verdict.summary);
        let anomaly = &verdict.anomalies[0];
        assert_eq!(anomaly.kind, name, "{}", anomaly.words);
        let mut found = anomaly.operations.clone();
        found.sort_unstable();
        assert!(
            found.iter().all(|number| witness.contains(number)),
            "{name}: {found:?}, expected of {witness:?}: {}",
            anomaly.words
        );
    }
}

fn write_of(value: Value) -> Action {
    Action::Write { key: 0, value }
}

fn swap_of(expect: Value, value: Value) -> Action {
    let expect = Some(expect);
    Action::Cas {
        key: 0,
        expect,
        value,
    }
}

fn write(call: u32, returned: u32, value: Value) -> Op {
    strong(ok(call, returned, write_of(value), Observed::Done))
}

fn read(call: u32, returned: u32, found: Option<Value>) -> Op {
    strong(ok(
        call,
        returned,
        Action::Read { key: 0 },
        Observed::Register(found),
    ))
}

fn swap(call: u32, returned: u32, expect: Value, value: Value) -> Op {
    replied(call, returned, expect, value, Some(expect), true)
}

fn replied(call: u32, returned: u32, expect: Value, value: Value, was: Option<Value>, swapped: bool) -> Op {
    let seen = Observed::Swapped { was, swapped };
    strong(ok(call, returned, swap_of(expect, value), seen))
}

fn strong(op: Op) -> Op {
    with(Concerns::LINEARIZABLE, op)
}
