//! E18: a preferred member takes over however far it lags behind.

use super::bug::Bug;
use crate::rules::rule::Rule;
use crate::rules::take_over::take_over;

pub(super) const BUG: Bug = Bug {
    id: "E18",
    name: "priority_takeover_without_freshness",
    story: "A member with a higher priority stands as soon as it is back, hours behind: it deposes the primary if its term \
            is heard of, and loses for its old log, again and again (the reason for MongoDB's \
            priorityTakeoverFreshnessWindowSeconds).",
    rules: &[Rule {
        name: "take_over",
        act: |context| take_over(context, |_| true),
    }],
    caught_by: &["model:R-45"],
};
