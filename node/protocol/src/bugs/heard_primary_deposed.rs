//! E19: whoever has lost its connection to the primary is voted for, whether or not the others hear the primary.

use super::bug::Bug;
use crate::rules::grant_vote::{
    Check, asks_itself, grant_vote, has_arbiter_seen_a_primary, has_my_vote_gone, has_no_data,
    has_older_config, has_older_term, has_staler_log,
};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "E19",
    name: "heard_primary_deposed",
    story: "One cable between a secondary and the primary breaks. The secondary asks around, the others hear the primary \
            and say yes all the same: an election for each lost connection, while nobody is dead (what Raft's PreVote and \
            leader stickiness are for).",
    rules: &[Rule {
        name: "grant_vote",
        act: |context| grant_vote(context, &CHECKS),
    }],
    caught_by: &["model:R-24"],
};

const CHECKS: [Check; 7] = [
    has_no_data,
    has_older_config,
    has_older_term,
    has_staler_log,
    has_my_vote_gone,
    has_arbiter_seen_a_primary,
    asks_itself,
];
