//! Short histories for the checks' tests: each operation with its call and return.

use workloads::operation::{Action, Completion, Concerns, Observed, Operation};

use crate::history::{History, Op};

/// An operation that happened.
pub(super) fn ok(call: u32, returned: u32, action: Action, observed: Observed) -> Op {
    let completion = Completion::Ok(observed);
    Op {
        returned,
        return_ns: u64::from(returned) * 1000,
        ..op(call, action, completion)
    }
}

/// An operation that did not happen.
pub(super) fn fail(call: u32, returned: u32, action: Action) -> Op {
    let completion = Completion::Fail("NotWritablePrimary".to_owned());
    Op {
        returned,
        return_ns: u64::from(returned) * 1000,
        ..op(call, action, completion)
    }
}

/// An operation of unknown end.
pub(super) fn info(call: u32, action: Action) -> Op {
    op(call, action, Completion::Info("time-out".to_owned()))
}

/// The same, in the final phase.
pub(super) fn last(op: Op) -> Op {
    Op { last: true, ..op }
}

/// The same, in the causal session of this process (from 1).
pub(super) fn causal(process: u32, mut op: Op) -> Op {
    op.request.causal = true;
    Op { process, ..op }
}

/// The same, with these concerns.
pub(super) fn with(concerns: Concerns, mut op: Op) -> Op {
    op.request.concerns = concerns;
    op
}

/// A history of these; the number of each operation is its place in the list. Each has a process of its own
/// unless [`causal`] gave it one.
pub(super) fn history(ops: Vec<Op>) -> History {
    let mut ops = ops;
    for (number, op) in ops.iter_mut().enumerate() {
        op.number = number as u64;
        if op.process == 0 {
            op.process = 1000 + number as u32;
        }
    }
    ops.sort_by_key(|op| op.call);
    History {
        ops,
        ..History::default()
    }
}

fn op(call: u32, action: Action, completion: Completion) -> Op {
    Op {
        number: 0,
        process: 0,
        last: false,
        member: None,
        call,
        returned: Op::NEVER,
        call_ns: u64::from(call) * 1000,
        return_ns: u64::MAX,
        request: Operation {
            action,
            concerns: Concerns::MAJORITY,
            causal: false,
        },
        completion,
    }
}
