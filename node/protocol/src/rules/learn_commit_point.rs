//! `LearnCommitPoint…` (R-71…R-73): others' commit points, by two different rules.

use super::rule::{Context, Rule};
use crate::message::{Body, MemberState};
use crate::optime::OpTime;
use crate::output::Output;
use crate::state::State;

/// See the module.
pub const RULE: Rule = Rule {
    name: "learn_commit_point",
    act: |context| learn_commit_point(context, from_heartbeat, from_sync_source),
};

/// What another's commit point is worth here; null: nothing.
pub type Worth = fn(&State, OpTime) -> OpTime;

/// Learns by the given two rules.
pub fn learn_commit_point(context: &mut Context<'_>, heartbeat: Worth, source: Worth) -> Option<()> {
    let message = context.message()?;
    let state = &*context.state;
    learns(state).then_some(())?;
    let learned = match message.body {
        Body::HeartbeatResponse { commit_point, .. } => heartbeat(state, commit_point),
        // `append_oplog` came first: what it took is in the log now. Only if the answer goes through my newest entry is
        // the source's branch mine; it ends there unless this member is kept behind. Without this: I ask B from X on, lead a term of my own and write Y, step
        // down and choose B again; the old answer comes, and Y, which nobody else has, is "committed".
        Body::FetchResponse {
            found: true,
            after,
            ref entries,
            commit_point,
            ..
        } if state.sync_source == Some(message.from)
            && goes_through(after, entries, state.last_written()) =>
        {
            source(state, commit_point)
        }
        _ => return None,
    };
    (learned > state.commit_point).then_some(())?;
    context.state.commit_point = learned;
    context.out(Output::CommitPoint(learned));
    Some(())
}

fn goes_through(after: OpTime, entries: &[OpTime], mine: OpTime) -> bool {
    after == mine || entries.iter().rev().any(|entry| *entry == mine)
}

/// A primary finds out by itself; a member that copies the data, or takes some back, is on nobody's branch.
pub(super) fn learns(state: &State) -> bool {
    !state.is_primary()
        && matches!(
            state.member_state,
            MemberState::Secondary | MemberState::Recovering | MemberState::Arbiter
        )
}

/// From just anybody: only in the term of my newest entry. Else this member may sit on a losing branch and take
/// its own entry for committed (SERVER-27123, SERVER-39367). An arbiter has no branch.
#[must_use]
pub fn from_heartbeat(state: &State, commit_point: OpTime) -> OpTime {
    let arbiter = state.member_state == MemberState::Arbiter;
    if arbiter || commit_point.term == state.last_written().term {
        commit_point
    } else {
        OpTime::NULL
    }
}

/// From the sync source, whose branch I am on: never beyond what I have, unless in the same term (SERVER-39831).
#[must_use]
pub fn from_sync_source(state: &State, commit_point: OpTime) -> OpTime {
    let last = state.last_written();
    if commit_point.term == last.term {
        commit_point
    } else {
        commit_point.min(last)
    }
}
