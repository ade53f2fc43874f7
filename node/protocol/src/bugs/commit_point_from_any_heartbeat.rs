//! P01: any heartbeat's commit point is believed.

use super::bug::Bug;
use crate::rules::learn_commit_point::{from_sync_source, learn_commit_point};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "P01",
    name: "commit_point_from_any_heartbeat",
    story: "A member on a losing branch hears of a newer commit point and takes its own entries for committed: \
            majority reads show what is rolled back later (SERVER-27123).",
    rules: &[Rule {
        name: "learn_commit_point",
        act: |context| learn_commit_point(context, |_, commit_point| commit_point, from_sync_source),
    }],
    caught_by: &["model:I-06", "model:I-11"],
};
