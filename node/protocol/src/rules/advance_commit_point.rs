//! `AdvanceCommitPoint` (R-67…R-69): the newest entry of the present term that a majority holds durably.

use super::rule::{Context, Rule};
use crate::optime::OpTime;
use crate::output::Output;
use crate::state::State;

/// See the module.
pub const RULE: Rule = Rule {
    name: "advance_commit_point",
    act: |context| advance_commit_point(context, counted, is_of_my_term),
};

/// How far this member (by position) counts.
pub type Counted = fn(&State, position: usize) -> OpTime;
/// May the commit point move there?
pub type Committable = fn(&State, OpTime) -> bool;

/// Moves the commit point as far as the majority of `counted` allows.
pub fn advance_commit_point(
    context: &mut Context<'_>,
    counted: Counted,
    committable: Committable,
) -> Option<()> {
    (context.state.is_primary() && is_anybody_beyond(context.state, counted)).then_some(())?;
    is_enough(context.state).then_some(())?;
    let candidate = majority_point(context.state, counted);
    (candidate > context.state.commit_point && committable(context.state, candidate)).then_some(())?;
    context.state.commit_point = candidate;
    context.out(Output::CommitPoint(candidate));
    Some(())
}

/// Is any voter beyond the commit point? In most steps none is, and that costs less than to find the majority's point.
fn is_anybody_beyond(state: &State, counted: Counted) -> bool {
    let mut members = state.config.members.iter().enumerate();
    members.any(|(position, member)| member.is_voter() && counted(state, position) > state.commit_point)
}

/// With many arbiters fewer members commit than elect. They still meet every majority of their own configuration, but
/// not of the one before: so that one must be out of force first. Without this: the secondary of a primary, secondary
/// and arbiter loses its vote; the primary commits alone; secondary and arbiter, who have not heard of it, elect the
/// secondary.
fn is_enough(state: &State) -> bool {
    !state.config.commits_by_fewer() || state.has_majority_installed()
}

/// The newest optime that `write_majority` voters have reached.
#[must_use]
pub fn majority_point(state: &State, counted: Counted) -> OpTime {
    let config = &state.config;
    let mut reached = [OpTime::NULL; crate::config::Config::MEMBERS_MAX];
    let mut voters = 0;
    for (position, member) in config.members.iter().enumerate() {
        if member.is_voter() {
            reached[voters] = counted(state, position);
            voters += 1;
        }
    }
    let reached = &mut reached[..voters];
    reached.sort_unstable();
    let index = voters.checked_sub(config.write_majority());
    index
        .and_then(|index| reached.get(index))
        .copied()
        .unwrap_or(OpTime::NULL)
}

/// Durable entries only; the primary's own too: it is one of the majority like any other. Arbiters hold nothing.
#[must_use]
pub fn counted(state: &State, position: usize) -> OpTime {
    let member = &state.config.members[position];
    if member.arbiter {
        OpTime::NULL
    } else if member.id == state.me {
        if state.config.majority_journaled {
            state.durable
        } else {
            state.last_written()
        }
    } else {
        match state.progress[position] {
            None => OpTime::NULL,
            Some(progress) if state.config.majority_journaled => progress.durable,
            Some(progress) => progress.written,
        }
    }
}

/// Raft §5.4.2, figure 8: an entry of an older term is committed only together with one of the present term.
#[must_use]
pub fn is_of_my_term(state: &State, candidate: OpTime) -> bool {
    state.first_of_term.is_some_and(|first| candidate >= first)
}
