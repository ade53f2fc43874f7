//! P02: the sync source's commit point is taken as it is.

use super::bug::Bug;
use crate::rules::learn_commit_point::{from_heartbeat, learn_commit_point};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "P02",
    name: "learn_raw_from_sync_source",
    story: "A member takes over its source's commit point, which lies beyond its own newest entry; then it changes to a \
            source of a losing branch, and everything that it fetches there counts as committed (SERVER-39831).",
    rules: &[Rule {
        name: "learn_commit_point",
        act: |context| learn_commit_point(context, from_heartbeat, |_, commit_point| commit_point),
    }],
    caught_by: &["model:I-06", "model:I-11"],
};
