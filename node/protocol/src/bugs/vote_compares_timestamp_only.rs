//! E06: the candidate's log is compared by timestamp, the term ignored.

use super::bug::Bug;
use crate::rules::grant_vote::{
    Check, asks_itself, grant_vote, has_arbiter_seen_a_primary, has_my_vote_gone, has_older_config,
    has_older_term, is_led,
};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "E06",
    name: "vote_compares_timestamp_only",
    story: "An isolated old primary whose clock is ahead, or who wrote more, wins over members with newer terms and \
            erases what they had committed (Jepsen on MongoDB 3.4.0-rc3, protocol version 0).",
    rules: &[Rule {
        name: "grant_vote",
        act: |context| grant_vote(context, &CHECKS),
    }],
    caught_by: &["model:I-03", "check:no-lost-write"],
};

const CHECKS: [Check; 7] = [
    has_older_config,
    has_older_term,
    |state, request| request.last.ts < state.last_written().ts,
    has_my_vote_gone,
    has_arbiter_seen_a_primary,
    is_led,
    asks_itself,
];
