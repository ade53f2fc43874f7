//! S08: whoever is not on the source's branch rolls back, whatever the terms.

use super::bug::Bug;
use crate::rules::roll_back_oplog::roll_back_oplog;
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "S08",
    name: "roll_back_ignores_term",
    story: "A member with the newer branch rolls back against one with the older: what was committed is gone from \
            the majority.",
    rules: &[Rule {
        name: "roll_back_oplog",
        act: |context| roll_back_oplog(context, |_, _| true),
    }],
    caught_by: &["model:I-03", "model:I-05", "model:I-06"],
};
