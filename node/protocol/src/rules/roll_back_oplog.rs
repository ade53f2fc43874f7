//! `RollbackOplog` (R-91…R-95): a member whose branch lost goes back to the common point with its source.

use super::rule::{Context, Rule};
use super::{choose_sync_source, initial_sync};
use crate::config::MemberId;
use crate::input::Input;
use crate::message::{Body, MemberState, Message};
use crate::optime::OpTime;
use crate::output::{FatalReason, Output, Token};
use crate::state::{Denial, Role, Rollback, State};
use crate::timer::Timer;

/// See the module.
pub const RULE: Rule = Rule {
    name: "roll_back_oplog",
    act: |context| roll_back_oplog(context, is_newer_branch),
};

/// How many positions one request of the search offers.
pub const CANDIDATES_MAX: usize = 4096;

/// The longest time that a rollback may take back, by the entries' own clocks (`rollbackTimeLimitSecs`).
pub const SECS_MAX: u32 = 24 * 3600;

/// Does the source's branch win over mine?
pub type NewerBranch = fn(&State, newest: OpTime) -> bool;

/// The branch of the later term wins, however short it is.
#[must_use]
pub fn is_newer_branch(state: &State, newest: OpTime) -> bool {
    newest.term > state.last_written().term
}

/// Rolls back when `newer` says that the source's branch wins.
pub fn roll_back_oplog(context: &mut Context<'_>, newer: NewerBranch) -> Option<()> {
    match *context.input {
        Input::Persisted(Token::RollBack(to)) => finish(context, to),
        Input::RollbackTooLarge => {
            let Some(Rollback::Cutting(_)) = context.state.rollback else {
                return None;
            };
            let source = context.state.sync_source.unwrap_or(context.state.me);
            refuse(context, source);
            Some(())
        }
        Input::Timer(Timer::Fetch) => {
            let Some(Rollback::Searching { .. }) = context.state.rollback else {
                return None;
            };
            abandon(context);
            Some(())
        }
        Input::Message(_) => {
            let message = context.message()?;
            match message.body {
                Body::FetchResponse { .. } => notice_divergence(context, message, newer),
                Body::CommonPointResponse { .. } => search_on(context, message, newer),
                _ => None,
            }
        }
        _ => None,
    }
}

/// nothing here, then the data are copied; else others may reach back further, and if none does, this member is
/// stale: RECOVERING, until an older oplog turns up or the operator has it resync (S4-14).
fn find_too_fresh(context: &mut Context<'_>, source: MemberId) -> Option<()> {
    context.deny(source, Denial::TooFresh);
    if context.state.last_written().is_null() {
        initial_sync::begin(context);
    } else {
        if !has_another_source(context.state) {
            need_resync(context);
        }
        context.drop_source();
    }
    Some(())
}

fn need_resync(context: &mut Context<'_>) {
    context.state.stale = true;
    context.state.role = Role::Follower;
    let resting = context.state.resting_state();
    context.change_state(resting);
}

fn has_another_source(state: &State) -> bool {
    state.others().any(|(position, id)| {
        let denied = state.seen[position].denied == Some(Denial::TooFresh);
        !denied && choose_sync_source::is_candidate(state, position, id)
    })
}

fn notice_divergence(context: &mut Context<'_>, message: &Message, newer: NewerBranch) -> Option<()> {
    let Body::FetchResponse {
        after,
        found: false,
        newest,
        dropped,
        ..
    } = message.body
    else {
        return None;
    };
    let state = &*context.state;
    let current = state.sync_source == Some(message.from) && after == state.last_written();
    (current && state.rollback.is_none()).then_some(())?;
    // a primary that still catches up never takes back; it looks elsewhere or goes without.
    let too_fresh = after < dropped;
    if state.is_primary() || !(too_fresh || newer(state, newest)) {
        context.deny(message.from, Denial::Behind);
        context.drop_source();
        return Some(());
    }
    if state.initial_sync.as_ref().is_some_and(|sync| sync.is_partial()) {
        return initial_sync::begin_over(context);
    }
    if too_fresh {
        return find_too_fresh(context, message.from);
    }
    // whoever rolls back may not stand. Without this: I ask for votes, the sync source's log turns out to
    // be of a newer branch, a majority with older logs votes for me; I lead, write, and cut my own entry off
    // (SERVER-61977).
    context.state.role = Role::Follower;
    context.change_state(MemberState::Rollback);
    ask(context, message.from, None);
    Some(())
}

/// Offers the next positions, newest first, older than `below`.
fn ask(context: &mut Context<'_>, source: MemberId, below: Option<OpTime>) {
    let state = &mut *context.state;
    let mut candidates: Vec<OpTime> = state
        .oplog
        .iter()
        .rev()
        .filter(|candidate| below.is_none_or(|below| *candidate < below))
        .take(CANDIDATES_MAX)
        .collect();
    if candidates.len() < CANDIDATES_MAX {
        candidates.push(state.oplog.base());
    }
    let (asked, searched) = (candidates[0], candidates[candidates.len() - 1]);
    state.rollback = Some(Rollback::Searching {
        source,
        asked,
        searched,
    });
    context.send(source, Body::CommonPointRequest { candidates });
    context.arm(Timer::Fetch);
}

fn search_on(context: &mut Context<'_>, message: &Message, newer: NewerBranch) -> Option<()> {
    let Body::CommonPointResponse {
        asked,
        common,
        newest,
    } = message.body
    else {
        return None;
    };
    let Some(Rollback::Searching {
        source,
        asked: open,
        searched,
    }) = context.state.rollback
    else {
        return None;
    };
    (message.from == source && asked == open).then_some(())?;
    if !newer(context.state, newest) {
        // The source has lost its newer branch since: it crashed before that was on its disk. What it has left may
        // end before entries that a majority, myself among them, holds; only a log that goes on in a later term
        // is known to have them all.
        abandon(context);
        return Some(());
    }
    match common {
        Some(to) if to < known_committed(context.state) => {
            // what lies below the commit point is never taken back.
            context.change_state(MemberState::Fatal);
            context.out(Output::Fatal(FatalReason::RollbackBeforeCommitPoint));
        }
        Some(to) if is_too_long(context.state, to) => refuse(context, source),
        Some(to) => {
            context.state.rollback = Some(Rollback::Cutting(to));
            context.out(Output::CancelTimer(Timer::Fetch));
            let rollback_id = context.state.rollback_id + 1;
            context.out(Output::RollBack { to, rollback_id });
        }
        // Its oplog begins after the common point, or mine does.
        None if searched == context.state.oplog.base() => {
            context.state.rollback = None;
            find_too_fresh(context, source);
            let resting = context.state.resting_state();
            context.change_state(resting);
        }
        None => ask(context, source, Some(searched)),
    }
    Some(())
}

/// The cut is durable: so is nothing beyond it (R-94; SERVER-50949 kept the old durable point).
fn finish(context: &mut Context<'_>, to: OpTime) -> Option<()> {
    (context.state.rollback == Some(Rollback::Cutting(to))).then_some(())?;
    let state = &mut *context.state;
    state.oplog.truncate_after(to);
    state.durable = to;
    state.rollback_id += 1;
    state.rollback = None;
    state.report_due = true;
    context.change_state(MemberState::Recovering);
    let resting = context.state.resting_state();
    context.change_state(resting);
    context.drop_source();
    Some(())
}

/// The newest entry of this branch that is known to be committed. A member that threw its data away knows a commit point
/// that may not lie on the branch it has copied since: only when it counts again it has caught up with that.
fn known_committed(state: &State) -> OpTime {
    match state.initial_sync {
        Some(_) => state.oplog.base(),
        None => state.commit_point.min(state.last_written()),
    }
}

/// more than a day is taken back by nobody.
fn is_too_long(state: &State, to: OpTime) -> bool {
    state.last_written().ts.secs.saturating_sub(to.ts.secs) > SECS_MAX
}

/// Too much to take back: it stays as it is, RECOVERING, and needs a full resync (S2-32).
fn refuse(context: &mut Context<'_>, source: MemberId) {
    context.state.rollback = None;
    need_resync(context);
    context.deny(source, Denial::TooFresh);
    context.drop_source();
}

/// Nothing was taken back yet: as before, with another source.
pub(super) fn abandon(context: &mut Context<'_>) {
    context.state.rollback = None;
    let resting = context.state.resting_state();
    context.change_state(resting);
    context.drop_source();
}
