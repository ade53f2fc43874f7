//! `linearizable`: every register behaves as one copy that changes at one instant between call and return.
//!
//! Keys are judged alone (linearizability is local: Herlihy & Wing 1990, theorem 1). For one key:
//!
//! ```text
//!   history ──one pass──▶ keys of unique values that are right ─────────────────────▶ verdict
//!      │                                                                                ▲
//!      └─ the others ──unique values?──yes──▶ zones (n log n, any concurrency) ─────────┤
//!                           └──────────no───▶ search (just-in-time, memoised) ─▶ shrink ┘
//! ```
//!
//! All are exact; tests hold them against each other and against stateright's tester.

mod bits;
mod check;
mod fast_hash;
mod impossible;
mod kv;
mod kv_check;
mod meaning;
mod model;
mod one_pass;
mod problem;
mod register;
mod search;
mod shrink;
mod suspects;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_of_names;
#[cfg(test)]
mod tests_of_strings;
mod timeline;
mod words;
mod zones;

pub(super) use check::CHECK;
pub(crate) use fast_hash::{FastMap, FastSet};
pub(crate) use kv::KvModel;
pub(crate) use kv_check::{judge_kv, timed};
pub(crate) use model::{Model, Role, Timed};
pub(crate) use problem::{Effect, Problems, Scratch};
pub(crate) use register::RegisterModel;
pub(crate) use search::{Outcome, search};
pub(crate) use shrink::shrink;
