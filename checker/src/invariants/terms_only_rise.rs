//! I-15, TermMonotone, OplogTermsNonDecreasing, TsStrictlyIncreasing (R-30, §3.1): terms rise along time within
//! a life of a member, and along its oplog; no life begins before the term of the member's own vote.

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
    let mut newer: Option<protocol::optime::OpTime> = None;
    let disordered = after.oplog.iter().rev().find(|entry| {
        let follows = newer.is_none_or(|newer| newer.may_follow(*entry));
        newer = Some(*entry);
        !follows
    })?;
    Some(format!(
        "member {}'s oplog is out of order at {disordered}",
        after.me.0
    ))
}
