//! Standing against a primary that lives: because the operator prefers this member (priority takeover, R-45), or
//! because the new primary lacks what this member has (catch-up takeover, R-44).

use super::rule::{Context, Rule};
use super::stand_for_election::{dry_run, has_majority, is_electable};
use crate::config::MemberId;
use crate::message::Body;
use crate::optime::OpTime;
use crate::state::{Role, State, Takeover};
use crate::timer::Timer;

/// See the module.
pub const RULE: Rule = Rule {
    name: "take_over",
    act: |context| take_over(context, is_fresh),
};

/// Is this member's data new enough to take over for its priority?
pub type Fresh = fn(&State) -> bool;

/// `priorityTakeoverFreshnessWindowSeconds`: so far may a member lag behind the newest.
pub const FRESH_SECS: u32 = 2;
/// Within one second: so many entries.
pub const FRESH_ENTRIES: u32 = 1000;

/// Takes over when the time has come and `fresh` allows it; else plans it when there is a reason.
pub fn take_over(context: &mut Context<'_>, fresh: Fresh) -> Option<()> {
    let due = match context.timer() {
        Some(Timer::PriorityTakeover(rank)) => Takeover::Priority(rank),
        Some(Timer::CatchUpTakeover) => Takeover::CatchUp,
        _ => return plan(context),
    };
    context.state.takeover.take_if(|planned| *planned == due)?;
    let primary = rival(context.state)?;
    match due {
        Takeover::Priority(_) => {
            is_preferred(context.state, primary).then_some(())?;
            if !fresh(context.state) {
                // Not now: when it has caught up.
                arm(context, due);
                return Some(());
            }
        }
        Takeover::CatchUp => lacks_mine(context.state, primary).then_some(())?,
    }
    dry_run(context, has_majority);
    Some(())
}

/// within the window of the newest entry that anybody in sight has. A member that lags would win and then
/// make everybody wait while it catches up.
#[must_use]
pub fn is_fresh(state: &State) -> bool {
    let mine = state.last_written().ts;
    let newest = newest_in_sight(state).ts;
    if newest.secs == mine.secs {
        newest.inc <= mine.inc.saturating_add(FRESH_ENTRIES)
    } else {
        newest.secs <= mine.secs.saturating_add(FRESH_SECS)
    }
}

fn plan(context: &mut Context<'_>) -> Option<()> {
    let message = context.message()?;
    matches!(message.body, Body::HeartbeatResponse { .. }).then_some(())?;
    let state = &*context.state;
    let primary = rival(state)?;
    (state.takeover.is_none() && primary == message.from).then_some(())?;
    let rank = rank(state);
    let why = match (is_preferred(state, primary), lacks_mine(state, primary)) {
        (true, false) => Takeover::Priority(rank),
        // Nobody is preferred to this member: no need to wait for the longer time.
        (true, true) if rank == 0 => Takeover::Priority(rank),
        (_, true) => Takeover::CatchUp,
        (false, false) => return None,
    };
    arm(context, why);
    Some(())
}

fn arm(context: &mut Context<'_>, why: Takeover) {
    context.state.takeover = Some(why);
    context.arm(match why {
        Takeover::Priority(rank) => Timer::PriorityTakeover(rank),
        Takeover::CatchUp => Timer::CatchUpTakeover,
    });
}

/// The primary, if this member could stand against it.
fn rival(state: &State) -> Option<MemberId> {
    // A dry run whose answers were lost is no reason not to try again.
    let free = matches!(state.role, Role::Follower | Role::DryRun { .. });
    (free && is_electable(state)).then_some(())?;
    state.primary.filter(|primary| *primary != state.me)
}

/// Members that the operator prefers to this one.
fn rank(state: &State) -> u8 {
    let mine = state.my_config().map_or(0, |me| me.priority_milli);
    let preferred = state
        .config
        .members
        .iter()
        .filter(|member| member.priority_milli > mine);
    u8::try_from(preferred.count()).unwrap_or(u8::MAX)
}

fn is_preferred(state: &State, primary: MemberId) -> bool {
    let priority = |id| state.config.member(id).map(|member| member.priority_milli);
    priority(state.me) > priority(primary)
}

/// the primary is behind this member, which is the newest in sight, and nothing of the present term is here.
fn lacks_mine(state: &State, primary: MemberId) -> bool {
    let mine = state.last_written();
    let theirs = state.config.position(primary).map(|at| state.seen[at].written);
    theirs.is_some_and(|theirs| !theirs.is_null() && theirs < mine)
        && mine.term < state.term
        && newest_in_sight(state) <= mine
}

fn newest_in_sight(state: &State) -> OpTime {
    let in_sight = state.seen.iter().filter(|seen| seen.up);
    in_sight
        .map(|seen| seen.written)
        .fold(state.last_written(), OpTime::max)
}
