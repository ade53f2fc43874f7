//! `AppendOplog` (R-83…R-85): entries that directly follow the newest own one, from the present sync source.

use super::rule::{Context, Rule};
use crate::message::{Body, MemberState, Message};
use crate::optime::OpTime;
use crate::output::{Content, FatalReason, Output};
use crate::state::{Mode, Role, State};

/// See the module.
pub const RULE: Rule = Rule {
    name: "append_oplog",
    act: |context| append_oplog(context, follows_mine),
};

/// Does what the source sent follow this member's own log?
pub type BranchCheck = fn(&State, after: OpTime, found: bool) -> bool;

/// The source goes through exactly my newest entry, term and timestamp (SERVER-27403).
#[must_use]
pub fn follows_mine(state: &State, after: OpTime, found: bool) -> bool {
    found && after == state.last_written()
}

/// Appends what passes `branch`.
pub fn append_oplog(context: &mut Context<'_>, branch: BranchCheck) -> Option<()> {
    let message = context.message()?;
    let Message {
        from,
        body:
            Body::FetchResponse {
                after,
                found,
                entries,
                newest,
                ..
            },
        ..
    } = message
    else {
        return None;
    };
    let (from, after, found) = (*from, *after, *found);
    let may_pull = match context.state.role {
        Role::Primary(mode) => matches!(mode, Mode::CatchUp { .. }),
        _ => true,
    };
    let current = context.state.sync_source == Some(from) && context.state.rollback.is_none();
    (may_pull && current && branch(context.state, after, found)).then_some(())?;
    context.state.fetch_missed = false;
    if std::mem::take(&mut context.state.stale) {
        let resting = context.state.resting_state();
        context.change_state(resting);
    }
    if !entries.is_empty() {
        if !is_ordered(context.state.last_written(), entries) {
            context.change_state(MemberState::Fatal);
            context.out(Output::Fatal(FatalReason::OplogOutOfOrder));
            return Some(());
        }
        for entry in entries {
            context.state.oplog.append(*entry);
        }
        context.out(Output::Append {
            content: Content::Fetched,
            entries: entries.clone(),
        });
        context.state.report_due = true;
        // Not while it is far behind: it would serve what is long past (S4-10).
        if context.state.member_state == MemberState::Startup2 && context.state.last_written() >= *newest {
            let resting = context.state.resting_state();
            context.change_state(resting);
            context.arm_election();
        }
    }
    context.fetch();
    Some(())
}

fn is_ordered(mut last: OpTime, entries: &[OpTime]) -> bool {
    entries.iter().all(|entry| {
        let follows = entry.may_follow(last);
        last = *entry;
        follows
    })
}
