//! Transactions as the check sees them, without copying what was read.

use workloads::operation::{Action, Key, Observed, Value};

use crate::{
    checks::{
        budget::{Exhausted, Meter},
        promised::{is_committed, is_current, is_durable},
    },
    history::{
        History, Op,
        foreign::{MicroOp, Transaction},
    },
};

/// What must be before a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Demand {
    /// Nothing in particular: it may be stale.
    Nothing,
    /// What its own session did.
    Session,
    /// Everything that returned before it was called.
    RealTime,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Ok,
    Refused,
    Unknown,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Txn {
    pub(super) number: u64,
    pub(super) process: u32,
    pub(super) call: u32,
    pub(super) returned: u32,
    pub(super) end: End,
    pub(super) demand: Demand,
    /// Range in [`Input::micros`].
    pub(super) first: u32,
    pub(super) past: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Micro<'a> {
    Append(Key, Value),
    Read(Key, &'a [Value]),
}

/// Operations between two looks at the budget.
const LOOK: usize = 1024;

/// Logs are lists of their own: this bit is set in their keys.
pub(super) const LOG: Key = 1 << 31;

/// All transactions, by call.
#[derive(Debug, Default)]
pub(super) struct Input<'a> {
    pub(super) txns: Vec<Txn>,
    pub(super) micros: Vec<Micro<'a>>,
    /// Acknowledged writes below majority: judged as of unknown end.
    pub(super) weak_writes: u64,
}

impl<'a> Input<'a> {
    /// The operations on lists and logs, each a transaction.
    ///
    /// # Errors
    /// Which limit was reached.
    pub(super) fn of_history(history: &'a History, meter: &Meter) -> Result<Self, Exhausted> {
        let mut input = Self::default();
        for (place, op) in history.ops.iter().enumerate() {
            if place.is_multiple_of(LOOK) {
                meter.check(input.bytes())?;
            }
            // The lists of one request change one by one: each is a transaction of its own.
            let (keys, value): (&[Key], Value) = match &op.request.action {
                Action::AppendMany { keys, value } => (keys, *value),
                _ => (&[], 0),
            };
            let single = match (&op.request.action, op.observed()) {
                (Action::AppendMany { .. }, _) => None,
                (Action::Append { key, value }, _) => Some(Micro::Append(*key, *value)),
                (Action::Log { key, value }, _) => Some(Micro::Append(key | LOG, *value)),
                (Action::ReadList { key }, Some(Observed::Elements(found))) => Some(Micro::Read(*key, found)),
                (Action::ReadLog { key }, Some(Observed::Elements(found))) => {
                    Some(Micro::Read(key | LOG, found))
                }
                _ => continue,
            };
            let many = keys.iter().map(|key| Micro::Append(*key, value));
            let concerns = op.request.concerns;
            let is_append = !op.request.action.is_read();
            if !is_append && !is_committed(&concerns) {
                continue;
            }
            let weak = is_append && op.is_ok() && !is_durable(&concerns);
            input.weak_writes += u64::from(weak);
            let end = if op.is_fail() {
                End::Refused
            } else if op.is_ok() && !weak {
                End::Ok
            } else {
                End::Unknown
            };
            let real_time = is_append || is_current(&concerns);
            let demand = if real_time {
                Demand::RealTime
            } else if op.request.causal {
                Demand::Session
            } else {
                Demand::Nothing
            };
            let returned = if end == End::Ok { op.returned } else { Op::NEVER };
            for micro in single.into_iter().chain(many) {
                let first = input.micros.len() as u32;
                input.micros.push(micro);
                let past = first + 1;
                let (number, process, call) = (op.number, op.process, op.call);
                input.txns.push(Txn {
                    number,
                    process,
                    call,
                    returned,
                    end,
                    demand,
                    first,
                    past,
                });
            }
        }
        Ok(input)
    }

    /// What it holds.
    fn bytes(&self) -> usize {
        self.txns.capacity() * size_of::<Txn>() + self.micros.capacity() * size_of::<Micro<'_>>()
    }

    pub(super) fn of_transactions(transactions: &'a [Transaction]) -> Self {
        let mut input = Self::default();
        for transaction in transactions {
            let end = match (transaction.refused, transaction.returned) {
                (true, _) => End::Refused,
                (false, Op::NEVER) => End::Unknown,
                (false, _) => End::Ok,
            };
            let first = input.micros.len() as u32;
            for micro in &transaction.micro_ops {
                match micro {
                    MicroOp::Append { key, value } => input.micros.push(Micro::Append(*key, *value)),
                    MicroOp::Read {
                        key,
                        found: Some(found),
                    } if end == End::Ok => {
                        input.micros.push(Micro::Read(*key, found));
                    }
                    MicroOp::Read { .. } => {}
                }
            }
            input.txns.push(Txn {
                number: transaction.number,
                process: transaction.process,
                call: transaction.call,
                returned: if end == End::Ok {
                    transaction.returned
                } else {
                    Op::NEVER
                },
                end,
                demand: Demand::RealTime,
                first,
                past: input.micros.len() as u32,
            });
        }
        input
    }

    pub(super) fn micros(&self, txn: u32) -> &[Micro<'a>] {
        let txn = &self.txns[txn as usize];
        &self.micros[txn.first as usize..txn.past as usize]
    }
}
