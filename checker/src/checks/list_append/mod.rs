//! `list-append`: one order explains all appends and whole reads of lists.
//!
//! Source: Kingsbury & Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", VLDB 2020;
//! names of anomalies from Adya 1999 and Elle.
//!
//! A list tells its own history: the longest read of a key is the order of its versions, and every other read is
//! a prefix of it. So it is known which operation came before which:
//!
//! ```text
//!   ww  appended the version before            process   came before in the same session
//!   wr  appended the last element that was read realtime  returned before the other was called
//!   rw  read the version before
//! ```
//!
//! Operations that must all come before each other (a cycle) have no order. The cycle is named by what it is made
//! of: G0 (ww alone), G1c (with wr), G-single (one rw), G2 (more), and `-process` or `-realtime` when it needs
//! those too. The name is that of the worst cycle through the same operations, however many there are (see [`cycles`]). For single operations on lists the graph has no cycle exactly when the lists are linearizable.

mod check;
mod cycles;
mod graph;
mod input;
mod knots;
mod shortest;
mod single;
#[cfg(test)]
mod tests;
mod versions;

pub(super) use check::CHECK;
pub(crate) use check::judge_transactions;
