//! C14: a new primary writes no entry of its own.

use super::bug::Bug;
use crate::rules::become_primary::become_primary;
use crate::rules::rule::Rule;
use crate::rules::stand_for_election::has_majority;

pub(super) const BUG: Bug = Bug {
    id: "C14",
    name: "no_first_entry_of_term",
    story: "Nothing of the new term exists, so nothing can be committed, and what the old term left waits for ever \
            (Raft §8; redisraft #19).",
    rules: &[Rule {
        name: "become_primary",
        act: |context| become_primary(context, has_majority, |_| {}),
    }],
    caught_by: &["model:vacuous"],
};
