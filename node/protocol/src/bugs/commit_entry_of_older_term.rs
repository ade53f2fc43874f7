//! C02: an entry of an older term is committed by counting.

use super::bug::Bug;
use crate::rules::advance_commit_point::{advance_commit_point, counted};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "C02",
    name: "commit_entry_of_older_term",
    story: "A primary counts the holders of an entry of an older term and calls it committed; a member with a newer \
            entry of a term between is elected and erases it (Raft, figure 8).",
    rules: &[Rule {
        name: "advance_commit_point",
        act: |context| advance_commit_point(context, counted, |_, _| true),
    }],
    caught_by: &["model:I-03", "model:I-04", "model:I-11"],
};
