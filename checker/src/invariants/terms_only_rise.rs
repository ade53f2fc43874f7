//! I-15, TermMonotone, OplogTermsNonDecreasing, TsStrictlyIncreasing (R-30, §3.1): terms rise along time within
//! a life of a member, and along its oplog; no life begins before the term of the member's own vote.

use protocol::optime::OpTime;

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-15",
    name: "terms only rise",
    check: Check::Step(term_falls),
};

fn term_falls(step: &Step<'_>) -> Option<String> {
    let (before, after) = (step.before, step.after);
    if after.term < before.term {
        return Some(format!(
            "member {}'s term fell from {} to {}",
            after.me.0, before.term.0, after.term.0
        ));
    }
    if after.term < after.vote.term || after.term < after.oplog.last().term {
        return Some(format!(
            "member {} is in term {}, older than its vote or oplog",
            after.me.0, after.term.0
        ));
    }
    // What was there before was judged when it came.
    let known = before.oplog.last();
    let mut newer: Option<OpTime> = None;
    for entry in after.oplog.iter().rev() {
        if newer.is_some_and(|newer| !newer.may_follow(entry)) {
            return Some(format!(
                "member {}'s oplog is out of order at {entry}",
                after.me.0
            ));
        }
        if entry <= known {
            break;
        }
        newer = Some(entry);
    }
    None
}
