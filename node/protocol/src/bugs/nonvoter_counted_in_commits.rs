//! C08: members without a vote count for the commit point.

use super::bug::Bug;
use crate::optime::OpTime;
use crate::output::Output;
use crate::rules::advance_commit_point::{counted, is_of_my_term};
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "C08",
    name: "nonvoter_counted_in_commits",
    story: "A majority write is acknowledged when it is on the primary and on a member without a vote, or one that \
            still syncs: the voters elect a primary that lacks it.",
    rules: &[Rule {
        name: "advance_commit_point",
        act: count_everybody,
    }],
    caught_by: &["model:I-05", "model:I-10", "model:I-03", "check:no-lost-write"],
};

fn count_everybody(context: &mut Context<'_>) -> Option<()> {
    let state = &*context.state;
    state.is_primary().then_some(())?;
    let mut reached: Vec<OpTime> = (0..state.config.members.len())
        .map(|position| counted(state, position))
        .collect();
    reached.sort_unstable();
    let candidate = reached[reached.len() - state.config.write_majority()];
    (candidate > state.commit_point && is_of_my_term(state, candidate)).then_some(())?;
    context.state.commit_point = candidate;
    context.out(Output::CommitPoint(candidate));
    Some(())
}
