//! E05: no look at the candidate's log.

use super::bug::Bug;
use crate::rules::grant_vote::{
    Check, asks_itself, grant_vote, has_arbiter_seen_a_primary, has_my_vote_gone, has_older_config,
    has_older_term, is_led,
};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "E05",
    name: "vote_without_log_check",
    story: "A stale member is elected and the others roll back what was acknowledged by a majority (Raft §5.4.1; \
            MongoDB's first protocol elected stale members by priority).",
    rules: &[Rule {
        name: "grant_vote",
        act: |context| grant_vote(context, &CHECKS),
    }],
    caught_by: &["model:I-03", "check:no-lost-write", "check:linearizable"],
};

const CHECKS: [Check; 6] = [
    has_older_config,
    has_older_term,
    has_my_vote_gone,
    has_arbiter_seen_a_primary,
    is_led,
    asks_itself,
];
