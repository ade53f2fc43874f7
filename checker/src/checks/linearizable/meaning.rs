//! What an operation on a register demands of every order, given how it ended and which concerns it asked for.

use workloads::operation::{Action, Observed, ReadConcern, Value, WriteConcern};

use crate::history::Op;

/// What it does to its register; `None` among values is the document that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Saw this value.
    Read(Option<Value>),
    /// Leaves this value.
    Write(Value),
    /// Needs the first, leaves the second.
    Cas(Option<Value>, Value),
    /// Saw that it is not this one.
    Differs(Option<Value>),
}

/// What it demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is no operation on a register, or did not happen.
    Nothing,
    /// A read below linearizable concern: it promises no order.
    WeakRead,
    /// What it saw was the primary's own data, which may be rolled back together with the write that it asked for.
    WeakObservation,
    /// The reply contradicts itself.
    Wrong,
    /// It needs an instant.
    Needs {
        deed: Deed,
        /// Place of the return, from 1; [`Op::NEVER`] where the end is unknown or the effect may be rolled back.
        returned: u32,
        /// An acknowledged write below majority concern.
        weak_write: bool,
    },
}

/// Reads an operation.
#[inline]
pub(super) fn meaning(op: &Op) -> Meaning {
    if op.is_fail() {
        return Meaning::Nothing;
    }
    let is_read = matches!(op.request.action, Action::Read { .. });
    let (deed, certain) = match (&op.request.action, op.observed()) {
        (Action::Read { .. }, Some(Observed::Register(found))) => {
            if op.request.concerns.read != ReadConcern::Linearizable {
                return Meaning::WeakRead;
            }
            (Deed::Read(*found), true)
        }
        (Action::Write { value, .. }, seen) => (Deed::Write(*value), seen.is_some()),
        (Action::Cas { expect, value, .. }, Some(Observed::Swapped { was, swapped: true })) => {
            if was != expect {
                return Meaning::Wrong;
            }
            (Deed::Cas(*expect, *value), true)
        }
        (Action::Cas { expect, .. }, Some(Observed::Swapped { was, swapped: false })) => {
            if was == expect {
                return Meaning::Wrong;
            }
            (Deed::Read(*was), true)
        }
        (Action::Cas { expect, .. }, Some(Observed::Refused)) => (Deed::Differs(*expect), true),
        (Action::Cas { expect, value, .. }, None) => (Deed::Cas(*expect, *value), false),
        _ => return Meaning::Nothing,
    };
    let durable = is_read || op.request.concerns.write == WriteConcern::Majority;
    let weak_write = certain && !durable;
    if weak_write && matches!(deed, Deed::Read(_) | Deed::Differs(_)) {
        return Meaning::WeakObservation;
    }
    let returned = if certain && durable {
        op.returned.saturating_add(1)
    } else {
        Op::NEVER
    };
    Meaning::Needs {
        deed,
        returned,
        weak_write,
    }
}
