//! Choosing whom to pull from, and leaving a source that is of no use (R-80… ).

use super::rule::{Context, Rule};
use crate::config::MemberId;
use crate::input::Input;
use crate::message::{Body, MemberState};
use crate::optime::OpTime;
use crate::output::Output;
use crate::state::{Denial, State};
use crate::timer::Timer;

/// See the module.
pub const RULE: Rule = Rule {
    name: "choose_sync_source",
    act: choose_sync_source,
};

fn choose_sync_source(context: &mut Context<'_>) -> Option<()> {
    if let Input::SyncFrom(id) = *context.input {
        return obey(context, id);
    }
    if let Some(Timer::Forgive(id, why)) = context.timer() {
        let position = context.state.config.position(id)?;
        let denied = &mut context.state.seen[position].denied;
        (*denied == Some(why)).then_some(())?;
        *denied = None;
        return Some(());
    }
    let left = leave_useless_source(context);
    let wants = wants_source(context.state);
    let retry = context.timer() == Some(Timer::SyncSource);
    if wants && (left || retry || matches!(context.input, Input::Message(_) | Input::Persisted(_))) {
        if let Some(source) = pick(context.state) {
            pull_from(context, source);
            return Some(());
        }
        if retry {
            context.arm(Timer::SyncSource);
        }
    }
    (left || (retry && wants)).then_some(())
}

/// `replSetSyncFrom`: tried first, whatever the others would be worth.
fn obey(context: &mut Context<'_>, id: MemberId) -> Option<()> {
    let member = context.state.config.member(id)?;
    let usable = id != context.state.me && !member.arbiter;
    (usable && may_pull(context.state)).then_some(())?;
    pull_from(context, id);
    Some(())
}

fn pull_from(context: &mut Context<'_>, source: MemberId) {
    context.state.sync_source = Some(source);
    context.state.fetch_missed = false;
    context.state.report_due = true;
    context.out(Output::CancelTimer(Timer::SyncSource));
    context.fetch();
}

fn may_pull(state: &State) -> bool {
    let data_bearing = state.my_config().is_some_and(|me| !me.arbiter);
    data_bearing && !state.is_primary() && state.rollback.is_none()
}

fn wants_source(state: &State) -> bool {
    state.sync_source.is_none() && may_pull(state)
}

/// The longest that a source may be behind the primary while another one is at hand (`maxSyncSourceLagSecs`).
pub const LAG_SECS_MAX: u32 = 30;

/// Of those who are ahead, the primary if there is one, else the furthest; in the first pass only who serves its
/// purpose well.
fn pick(state: &State) -> Option<MemberId> {
    let best = |strict: bool| {
        state
            .others()
            .filter(|(position, id)| {
                let denied = state.seen[*position].denied.is_some();
                !denied
                    && is_candidate(state, *position, *id)
                    && (!strict || is_preferable(state, *position, *id))
            })
            .max_by_key(|(position, id)| {
                let rank = (
                    is_known_primary(state, *position, *id),
                    state.seen[*position].written,
                );
                // Of equals the first.
                (rank, std::cmp::Reverse(*position))
            })
            .map(|(_, id)| id)
    };
    best(true).or_else(|| best(false))
}

fn is_known_primary(state: &State, position: usize, id: MemberId) -> bool {
    state.primary == Some(id) && state.seen[position].state == MemberState::Primary
}

/// Could this member be pulled from at all, but for a denial?
pub(super) fn is_candidate(state: &State, position: usize, id: MemberId) -> bool {
    let (member, seen) = (&state.config.members[position], &state.seen[position]);
    // A copy under way needs somebody's data even where it needs no newer entry. Without the latter: the only member that
    // may be elected copies from a primary that loses the term; nobody has anything newer, and it stays without data.
    let ahead = match &state.initial_sync {
        Some(sync) if sync.is_waiting() => seen.written > OpTime::NULL,
        Some(sync) if sync.is_partial() => seen.written >= state.last_written(),
        _ => seen.written > state.last_written(),
    };
    seen.up
        && seen.state.is_readable()
        && !member.arbiter
        && (member.build_indexes || !state.my_config().is_some_and(|me| me.build_indexes))
        && (is_known_primary(state, position, id) || (may_chain(state) && ahead))
        // It pulls from me: a cycle (SERVER-58988).
        && seen.sync_source != Some(state.me)
}

/// Without a primary, chaining is no question of load: a member may pull from anybody, whatever the setting says (MongoDB
/// waits for a primary). Without this: the only member that may be elected loses its newest entries in a crash; it is
/// behind the others, so they don't elect it, and as long as nobody is elected it may not catch up.
fn may_chain(state: &State) -> bool {
    state.config.chaining_allowed || state.primary.is_none()
}

/// R-80, first pass: a voter for a voter, nobody hidden for one who is not, nobody later than I am meant to be, and
/// nobody far behind the primary.
fn is_preferable(state: &State, position: usize, id: MemberId) -> bool {
    let Some(me) = state.my_config() else { return false };
    let member = &state.config.members[position];
    let newest = state
        .primary
        .and_then(|primary| state.config.position(primary))
        .map_or(OpTime::NULL, |primary| state.seen[primary].written);
    let lag_secs = newest
        .ts
        .secs
        .saturating_sub(state.seen[position].written.ts.secs);
    (member.is_voter() || !me.is_voter())
        && (!member.hidden || me.hidden)
        && member.delay_secs <= me.delay_secs
        && (is_known_primary(state, position, id) || lag_secs <= LAG_SECS_MAX)
}

/// True when the present source was left.
fn leave_useless_source(context: &mut Context<'_>) -> bool {
    let Some(source) = context.state.sync_source else {
        return false;
    };
    // The search for the common point has the same timer, and ends by it if the source falls silent. Leaving the
    // source here would stop the timer: should the answer be lost, the member would roll back for ever.
    if context.state.rollback.is_some() {
        return false;
    }
    if context.timer() == Some(Timer::Fetch) {
        return miss_deadline(context, source);
    }
    if matches!(context.input, Input::Disconnected(gone) if *gone == source) {
        // No denial: should it live, its next heartbeat makes it a candidate again.
        context.drop_source();
        return true;
    }
    let Input::Message(message) = context.input else {
        return false;
    };
    if message.from != source {
        return leave_for_primary(context, source);
    }
    let cycle = match message.body {
        Body::HeartbeatResponse { sync_source, .. } | Body::FetchResponse { sync_source, .. } => {
            sync_source == Some(context.state.me)
        }
        _ => false,
    };
    let useless = match message.body {
        Body::HeartbeatResponse { state, .. } => !state.is_readable(),
        _ => false,
    };
    if cycle {
        // An answer to a fetch may be newer than the last heartbeat. Without this the same member is picked again at once, and
        // asked twice (the answer was of use, too): the second request is answered at once, and so on, until a heartbeat comes.
        if let Some(position) = context.state.config.position(source) {
            context.state.seen[position].sync_source = Some(context.state.me);
        }
    }
    let leaves = cycle || useless;
    if leaves {
        context.drop_source();
    }
    leaves
}

/// Once: ask again, the answer may have been lost. Twice: the source is of no use.
fn miss_deadline(context: &mut Context<'_>, source: MemberId) -> bool {
    if context.state.fetch_missed {
        context.deny(source, Denial::Silent);
        context.drop_source();
        return true;
    }
    context.fetch();
    context.state.fetch_missed = true;
    false
}

/// Pulling from a secondary that has nothing new while the primary is in sight helps nobody.
fn leave_for_primary(context: &mut Context<'_>, source: MemberId) -> bool {
    let state = &context.state;
    let Some(primary) = state
        .primary
        .filter(|primary| *primary != source && *primary != state.me)
    else {
        return false;
    };
    let (Some(at), Some(of_source)) = (state.config.position(primary), state.config.position(source)) else {
        return false;
    };
    let seen = &state.seen[at];
    let better = seen.up && seen.state == MemberState::Primary && seen.denied.is_none();
    // What it has is known from its last heartbeat only: while the primary is in sight, prefer the primary.
    let behind = state.seen[of_source].written <= state.last_written();
    let forbidden = !state.config.chaining_allowed;
    if better && (behind || forbidden) {
        context.drop_source();
        return true;
    }
    false
}
