//! Transactions over lists, and over registers: what Elle's histories are made of.

use workloads::operation::{Key, Value};

/// One transaction; an operation on one list is a transaction of one micro-operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The `#12` of witnesses.
    pub number: u64,
    /// The client process.
    pub process: u32,
    /// Place of the call.
    pub call: u32,
    /// Place of the return, or [`crate::history::Op::NEVER`] when the end is unknown.
    pub returned: u32,
    /// It certainly did not happen.
    pub refused: bool,
    /// What it did, in order.
    pub micro_ops: Vec<MicroOp>,
}

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MicroOp {
    /// Append `value` to the list `key`.
    Append {
        /// Which list.
        key: Key,
        /// Unique within the list.
        value: Value,
    },
    /// Read the whole list `key`.
    Read {
        /// Which list.
        key: Key,
        /// What was found; `None` when no answer came.
        found: Option<Vec<Value>>,
    },
}

/// One transaction over registers that happened, or may have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterTransaction {
    /// The `#12` of witnesses.
    pub number: u64,
    /// Place of the call.
    pub call: u32,
    /// Place of the return, or [`crate::history::Op::NEVER`] when the end is unknown.
    pub returned: u32,
    /// What it did, in order; reads of which nothing is known are left out.
    pub steps: Vec<RegisterStep>,
}

/// One step of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegisterStep {
    /// Write `value` into the register `key`.
    Write {
        /// Which register.
        key: Key,
        /// What is written.
        value: Value,
    },
    /// Read the register `key`.
    Read {
        /// Which register.
        key: Key,
        /// What was found; `None`: nothing was there.
        found: Option<Value>,
    },
}
