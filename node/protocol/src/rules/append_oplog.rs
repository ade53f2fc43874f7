//! `AppendOplog` (R-83…R-85): entries that directly follow the newest own one, from the present sync source; a member
//! that is to be behind leaves the newest of them.

use super::rule::{Context, Rule};
use crate::message::{Body, MemberState, Message};
use crate::optime::OpTime;
use crate::output::{Content, FatalReason, Output};
use crate::state::{Mode, Role, State};
use crate::timer::Timer;

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
    if context.timer() == Some(Timer::Ripen) {
        return look_again(context);
    }
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
    if !is_ordered(context.state.last_written(), entries) {
        context.change_state(MemberState::Fatal);
        context.out(Output::Fatal(FatalReason::OplogOutOfOrder));
        return Some(());
    }
    let ripe = ripe(context.state, context.wall_secs, entries);
    let waits = ripe.len() < entries.len();
    if !ripe.is_empty() {
        for entry in ripe {
            context.state.oplog.append(*entry);
        }
        context.out(Output::Append {
            content: Content::Fetched,
            entries: ripe.to_vec(),
        });
        context.state.report_due = true;
    }
    // Not while it is far behind: it would serve what is long past (S4-10).
    let caught_up = context.state.last_written() >= *newest || waits;
    if context.state.member_state == MemberState::Startup2 && !entries.is_empty() && caught_up {
        let resting = context.state.resting_state();
        context.change_state(resting);
        context.arm_election();
    }
    if waits {
        // Nobody owes an answer meanwhile.
        context.out(Output::CancelTimer(Timer::Fetch));
        context.arm(Timer::Ripen);
    } else {
        context.fetch();
    }
    Some(())
}

fn look_again(context: &mut Context<'_>) -> Option<()> {
    let state = &*context.state;
    // The search for a common point has the fetch's timer for its own.
    let pulls = state.sync_source.is_some() && state.rollback.is_none() && !state.is_primary();
    pulls.then(|| context.fetch())
}

/// What a member may take now: with `secondaryDelaySecs` only what is old enough by its wall clock. The data
/// that it begins with are of the present.
fn ripe<'a>(state: &State, wall_secs: u32, entries: &'a [OpTime]) -> &'a [OpTime] {
    let delay_secs = state.my_config().map_or(0, |me| me.delay_secs);
    let begins = state.initial_sync.is_some() || state.last_written().is_null();
    if delay_secs == 0 || begins {
        return entries;
    }
    let until = wall_secs.saturating_sub(delay_secs);
    &entries[..entries.partition_point(|entry| entry.ts.secs <= until)]
}

fn is_ordered(mut last: OpTime, entries: &[OpTime]) -> bool {
    entries.iter().all(|entry| {
        let follows = entry.may_follow(last);
        last = *entry;
        follows
    })
}
