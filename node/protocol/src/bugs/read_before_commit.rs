//! Q19: a linearizable read is answered before what it has read is committed.

use super::bug::Bug;
use crate::rules::prove_read::{counts, has_majority, prove_read};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "Q19",
    name: "read_answered_before_commit",
    story: "The primary proves that it still leads and answers with its newest data: what no majority has is read, and rolled \
            back when the primary dies (a read index that waits for no commit index).",
    rules: &[Rule {
        name: "prove_read",
        act: |context| prove_read(context, counts, |state, read| has_majority(state, read.vouched)),
    }],
    caught_by: &["model:I-10", "simulate:I-10"],
};
