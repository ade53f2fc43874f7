//! What a check is.

use super::{Budget, Verdict};
use crate::history::History;

/// One promise, and who judges whether a history kept it.
#[derive(Clone, Copy)]
pub struct Check {
    /// Name in verdicts and on the command line.
    pub name: &'static str,
    /// What the cluster promised, in one sentence.
    pub promise: &'static str,
    /// Cost in operations `n`, elements read `R`, clients `C`.
    pub complexity: &'static str,
    /// Paper, specification or system that the check is taken from.
    pub source: &'static str,
    /// Judges. Operations that do not concern the promise are passed over; the verdict says how many were
    /// looked at.
    pub run: fn(&History, &Budget) -> Verdict,
}
