//! P05: nobody learns a commit point by heartbeat.

use super::bug::Bug;
use crate::optime::OpTime;
use crate::rules::learn_commit_point::{from_sync_source, learn_commit_point};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "P05",
    name: "commit_point_only_from_tree",
    story: "Commit points travel from source to puller only: who has no source, or one that hears nothing, stays behind for \
            ever, and its majority reads with it (before SERVER-39367).",
    rules: &[Rule {
        name: "learn_commit_point",
        act: |context| learn_commit_point(context, |_, _| OpTime::NULL, from_sync_source),
    }],
    caught_by: &["model:vacuous"],
};
