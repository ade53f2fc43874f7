//! E03: no look at the own vote.

use super::bug::Bug;
use crate::rules::grant_vote::{
    Check, asks_itself, grant_vote, has_arbiter_seen_a_primary, has_older_config, has_older_term,
    has_staler_log, is_led,
};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "E03",
    name: "double_vote",
    story: "A member votes for every candidate of a term whose log is new enough: two primaries in one term, \
            without any fault (Raft §5.2; the reason for the 30 s vote lease of MongoDB's first protocol).",
    rules: &[Rule {
        name: "grant_vote",
        act: |context| grant_vote(context, &CHECKS),
    }],
    caught_by: &["model:I-01"],
};

const CHECKS: [Check; 6] = [
    has_older_config,
    has_older_term,
    has_staler_log,
    has_arbiter_seen_a_primary,
    is_led,
    asks_itself,
];
