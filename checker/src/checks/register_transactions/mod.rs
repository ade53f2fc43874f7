//! Transactions over registers: is there one order, in agreement with real time, in which each sees what it saw?
//!
//! Which version of a register came after which is nowhere told (lists tell it), so no graph decides. But all registers
//! together are one object, transactions are its operations, and strict serializability is its linearizability: the
//! search of [`super::linearizable`] answers exactly, or says *unknown* when its budget ends.

mod check;
mod model;
#[cfg(test)]
mod tests;

pub(crate) use check::judge_register_transactions;
