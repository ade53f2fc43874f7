//! T04: a vote is a lease: after some time it may be given again, in the same term.

use super::bug::Bug;
use crate::output::Vote;
use crate::rules::grant_vote;
use crate::rules::rule::{Context, Rule};
use crate::timer::Timer;

pub(super) const BUG: Bug = Bug {
    id: "T04",
    name: "vote_lease_by_clock",
    story: "A member that has voted gives its vote to another one when the election timeout has passed without news: a \
            clock that jumps, or a slow candidate, and one term has two primaries (the 30 s vote lease of MongoDB's \
            first protocol).",
    rules: &[Rule {
        name: "grant_vote",
        act: forget_in_time,
    }],
    caught_by: &["model:I-01"],
};

fn forget_in_time(context: &mut Context<'_>) -> Option<()> {
    if context.timer() == Some(Timer::Election) {
        context.state.vote = Vote::NONE;
        return Some(());
    }
    (grant_vote::RULE.act)(context)
}
