//! E10: a candidate's configuration is not looked at.

use super::bug::Bug;
use crate::rules::grant_vote::{
    grant_vote, has_arbiter_seen_a_primary, has_my_vote_gone, has_no_data, has_older_term, has_staler_log,
};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "E10",
    name: "vote_ignores_config",
    story: "A voter that has the new configuration votes for a candidate that has the old one: a majority of the old \
            and one of the new configuration elect a primary each (logless reconfiguration, Schultz et al. 2021).",
    rules: &[Rule {
        name: "grant_vote",
        act: |context| {
            grant_vote(
                context,
                &[
                    has_no_data,
                    has_older_term,
                    has_staler_log,
                    has_my_vote_gone,
                    has_arbiter_seen_a_primary,
                ],
            )
        },
    }],
    caught_by: &["model:I-16", "model:I-01", "model:I-03"],
};
