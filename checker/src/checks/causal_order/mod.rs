//! `causal-order`: what a causal session sees contains everything that comes before it in causal order.
//!
//! Causal order is the smallest order in which each operation of a session comes after those before it, and each read
//! after the writes that it saw. It reaches through any number of sessions, which is more than the four session
//! guarantees say of one. Of every read two things are demanded (Bouajjani et al. 2017 call their opposites *bad
//! patterns*; values are unique, so a read names its write):
//!
//! | seen | though in causal order | name |
//! |---|---|---|
//! | nothing, or a register's value | a newer write of it came between | `forgotten-write` |
//! | a set without an element | the element's add came before | `causal-gap` |
//!
//! Each session carries a clock: how many writes of each session are in its past.

mod check;
mod pasts;
#[cfg(test)]
mod tests;

pub(super) use check::CHECK;
