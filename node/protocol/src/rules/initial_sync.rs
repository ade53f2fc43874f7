//! Initial sync (R-98…R-101): a member without usable data copies the set's, and counts for nothing meanwhile.
//!
//! The clone is read at commit points, so no page of it is ever taken back; pages may come from different sources,
//! and a source's rollback does not matter (R-99 step 6 compares rollback ids because MongoDB clones at the newest
//! data). The oplog after the first of these points is fetched beside it and applied up to the last of them; before
//! that the data are of no one moment, and the member is STARTUP2.

use super::rule::{Context, Rule};
use crate::config::{Config, MemberId};
use crate::initial_sync::{InitialSync, SyncStage, Unsynced};
use crate::input::Input;
use crate::message::{Body, MemberState, Message};
use crate::oplog::Oplog;
use crate::optime::{OpTime, Term};
use crate::output::{FatalReason, Output, Token, Vote};
use crate::state::{Role, Rollback, State};
use crate::timer::Timer;

/// See the module.
pub const RULE: Rule = Rule {
    name: "initial_sync",
    act: |context| initial_sync(context, has_reached, whole_from),
};

/// Attempts in one life of the process, as in MongoDB (`numInitialSyncAttempts`).
pub const ATTEMPTS_MAX: u8 = 10;

/// Is this member's oplog durably on the branch of, and at, the entry from which its data are of one moment?
pub type Reached = fn(&State, stop: OpTime) -> bool;
/// From which entry on are the cloned data of one moment, if pages were read up to `read`?
pub type WholeFrom = fn(begin: OpTime, read: OpTime) -> OpTime;

/// The name alone decides: an entry of another branch may be greater.
#[must_use]
pub fn has_reached(state: &State, stop: OpTime) -> bool {
    state.oplog.contains(stop) && state.durable >= stop
}

/// From the newest point at which a page was read (R-99 step 7).
#[must_use]
pub fn whole_from(_begin: OpTime, read: OpTime) -> OpTime {
    read
}

/// Goes on under the given rules of what is whole.
pub fn initial_sync(context: &mut Context<'_>, reached: Reached, whole: WholeFrom) -> Option<()> {
    let happened = match context.input {
        Input::Start => ask_again(context),
        Input::Resync => demanded(context),
        Input::Persisted(Token::Unsynced(flag)) => flagged(context, *flag),
        Input::Persisted(Token::Begun(begin)) => begun(context, *begin),
        Input::Timer(Timer::Sync) => ask_again(context),
        Input::CloneApplied => applied(context),
        Input::CloneFailed => begin_over(context),
        Input::Message(message) => match message.body {
            Body::CloneResponse { .. } => take_page(context, message, whole),
            Body::MemoryResponse { .. } => remember(context),
            Body::HeartbeatResponse { .. } => ask_who_answers(context),
            _ => None,
        },
        _ => None,
    };
    let advanced = advance(context, reached);
    happened.or(advanced)
}

/// A member that gets its first configuration of a set which has had a primary, and is not new there, once had data,
/// gave votes and acknowledged writes, and knows of none of it: its directory was emptied, or is a copy.
/// The flag is asked of the disk before the configuration.
pub(super) fn mark_if_forgotten(
    context: &mut Context<'_>,
    config: &Config,
    me: Option<MemberId>,
    initiates: bool,
) {
    let state = &context.state;
    let row = me.and_then(|me| config.member(me));
    let forgot = state.config.is_none()
        && !initiates
        && config.id.term.max(state.term) > Term::INITIAL
        && row.is_some_and(|me| !me.newly_added);
    if forgot && state.initial_sync.is_none() {
        let whole = !state.last_written().is_null() || row.is_some_and(|me| me.arbiter);
        context.out(Output::PersistUnsynced(Some(Unsynced {
            target: OpTime::NULL,
            forgot,
            whole,
        })));
    }
}

/// Throws the data away and copies them anew. Nothing before the flag is durable: a crash leaves all or nothing.
pub(super) fn begin(context: &mut Context<'_>) {
    let state = &*context.state;
    let cutting = matches!(state.rollback, Some(Rollback::Cutting(_)));
    if state.initial_sync.as_ref().is_some_and(|sync| sync.is_partial()) || cutting {
        return;
    }
    mark(context);
}

fn mark(context: &mut Context<'_>) {
    let state = &mut *context.state;
    let target = match state.initial_sync.as_deref() {
        None => state.last_written(),
        // Of what it has fetched since, it has acknowledged nothing.
        Some(sync) if sync.is_partial() => sync.target,
        // What it threw away before, it still owes. Without this: P and M hold X, which is committed; M copies the data from
        // Q, which lacks X, waits for X, and begins anew; it would count as soon as it has what Q has.
        Some(sync) => sync.target.max(state.last_written()),
    };
    let flag = Unsynced {
        target,
        forgot: state.initial_sync.as_ref().is_some_and(|sync| sync.forgot),
        whole: false,
    };
    state.initial_sync = Some(Box::new(InitialSync::new(flag, SyncStage::Marking)));
    state.rollback = None;
    state.stale = false;
    state.role = Role::Follower;
    // Who reaches back too little for what I have may have all that I need now.
    for seen in &mut state.seen {
        seen.denied = None;
    }
    context.out(Output::PersistUnsynced(Some(flag)));
    context.change_state(MemberState::Startup2);
    context.drop_source();
    context.arm(Timer::Sync);
}

/// This attempt is lost. While the flag on disk says that the data are not whole, the next one needs no more than a new
/// beginning.
pub(super) fn begin_over(context: &mut Context<'_>) -> Option<()> {
    let sync = context.state.initial_sync.as_mut()?;
    if matches!(
        sync.stage,
        SyncStage::Marking | SyncStage::Waiting | SyncStage::Finishing
    ) {
        return None;
    }
    if sync.stage == SyncStage::Settling {
        begin(context);
        return Some(());
    }
    let applying = matches!(sync.stage, SyncStage::Applying(_));
    sync.failed += 1;
    let failed = sync.failed;
    if failed >= ATTEMPTS_MAX {
        sync.stage = SyncStage::Waiting;
        context.change_state(MemberState::Fatal);
        context.out(Output::Fatal(FatalReason::InitialSyncFailed));
        return Some(());
    }
    if applying {
        // The word that the data are whole may be on its way to the disk. Without a new flag behind it: the next copy begins,
        // that word arrives, and a member with half of the data takes them for whole, now or after a crash.
        mark(context);
        if let Some(sync) = context.state.initial_sync.as_mut() {
            sync.failed = failed;
        }
        return Some(());
    }
    sync.stage = SyncStage::Waiting;
    context.state.rollback = None;
    context.drop_source();
    context.arm(Timer::Sync);
    Some(())
}

fn demanded(context: &mut Context<'_>) -> Option<()> {
    let state = &context.state;
    let data_bearing = state.my_config().is_some_and(|me| !me.arbiter);
    (data_bearing && !state.is_primary()).then_some(())?;
    begin(context);
    Some(())
}

fn flagged(context: &mut Context<'_>, flag: Option<Unsynced>) -> Option<()> {
    context.state.unsynced = flag;
    let Some(flag) = flag else {
        // Without the check: the flag is being cleared, the operator has the data copied again, a new flag is on its way;
        // the member counts, stands and leads while its data are thrown away.
        let finishing = |sync: &InitialSync| sync.stage == SyncStage::Finishing;
        if context.state.initial_sync.as_deref().is_some_and(finishing) {
            finish(context);
        }
        return Some(());
    };
    let stage = if flag.whole {
        SyncStage::Settling
    } else {
        SyncStage::Waiting
    };
    match context.state.initial_sync.as_mut() {
        None => context.state.initial_sync = Some(Box::new(InitialSync::new(flag, stage))),
        Some(sync) => match (&sync.stage, flag.whole) {
            (SyncStage::Marking, false) | (SyncStage::Applying(_), true) => sync.stage = stage,
            // Of a copy that was begun anew since: another flag is on its way.
            _ => return Some(()),
        },
    }
    context.arm(Timer::Sync);
    context.arm(Timer::SyncSource);
    Some(())
}

fn begun(context: &mut Context<'_>, begin: OpTime) -> Option<()> {
    let state = &mut *context.state;
    (state.initial_sync.is_some() && state.oplog.base() == begin && state.durable < begin).then_some(())?;
    state.durable = begin;
    Some(())
}

/// What was asked and not answered is asked again: of the present source, and of those who have not vouched.
fn ask_again(context: &mut Context<'_>) -> Option<()> {
    let sync = context.state.initial_sync.as_ref()?;
    let heard = sync.heard;
    let silent: Vec<MemberId> = context
        .state
        .others()
        .filter(|(position, _)| !heard.contains(*position))
        .map(|(_, id)| id)
        .collect();
    for id in silent {
        ask_for_memory(context, id);
    }
    context.ask_for_clone();
    context.arm(Timer::Sync);
    Some(())
}

fn ask_for_memory(context: &mut Context<'_>, of: MemberId) {
    let life = context.state.life;
    if let Some(sync) = context.state.initial_sync.as_ref().filter(|sync| sync.asks()) {
        let had = sync.had();
        context.send(of, Body::MemoryRequest { life, had });
    }
}

/// Whoever answers at all is asked at once. Without this: a new arbiter waits for its timer; the primary dies meanwhile, and
/// the arbiter, whose vote the others need, has not heard from it what it may have forgotten.
fn ask_who_answers(context: &mut Context<'_>) -> Option<()> {
    let (message, position) = context.message_from()?;
    let sync = context.state.initial_sync.as_ref()?;
    (sync.asks() && !sync.heard.contains(position)).then_some(())?;
    ask_for_memory(context, message.from);
    Some(())
}

/// An answer to a question of this sync: what the member may have acknowledged or voted lies at or below what this
/// one has. Its term came with the message. Without the life, and what it had: an answer to an earlier sync says what
/// the primary had before I acknowledged more to it.
fn remember(context: &mut Context<'_>) -> Option<()> {
    let message = context.message()?;
    let Body::MemoryResponse { life, had, written } = message.body else {
        return None;
    };
    let position = context.state.config.position(message.from)?;
    let mine = context.state.life;
    let sync = context.state.initial_sync.as_mut()?;
    (sync.asks() && life == mine && had == sync.had()).then_some(())?;
    sync.heard.insert(position);
    sync.vouched = sync.vouched.max(written);
    Some(())
}

fn take_page(context: &mut Context<'_>, message: &Message, whole: WholeFrom) -> Option<()> {
    let Body::CloneResponse {
        begin,
        number,
        at,
        ref next,
    } = message.body
    else {
        return None;
    };
    context.message()?;
    let state = &mut *context.state;
    let sync = state.initial_sync.as_mut()?;
    match &mut sync.stage {
        SyncStage::Waiting if begin.is_none() && state.sync_source == Some(message.from) => {
            begin_clone(context, at);
        }
        SyncStage::Cloning {
            begin: mine,
            number: expected,
            cursor,
            read,
        } if begin == Some(*mine) && *expected == number => {
            let begin = *mine;
            *read = (*read).max(at);
            let read = *read;
            if let Some(next) = next {
                *expected += 1;
                cursor.clone_from(next);
            } else {
                sync.stage = SyncStage::Fetching(whole(begin, read));
            }
            context.out(Output::TakePage { begin });
            context.ask_for_clone();
        }
        _ => return None,
    }
    context.arm(Timer::Sync);
    Some(())
}

fn begin_clone(context: &mut Context<'_>, begin: OpTime) {
    let state = &mut *context.state;
    let Some(sync) = state.initial_sync.as_mut() else {
        return;
    };
    sync.stage = SyncStage::Cloning {
        begin,
        number: 0,
        cursor: Vec::new(),
        read: begin,
    };
    state.oplog = Oplog::new(begin, []);
    state.durable = OpTime::NULL;
    state.fetch_missed = false;
    context.out(Output::BeginClone { begin });
    context.ask_for_clone();
    context.fetch();
}

fn applied(context: &mut Context<'_>) -> Option<()> {
    let sync = context.state.initial_sync.as_mut()?;
    let SyncStage::Applying(_) = sync.stage else {
        return None;
    };
    let flag = Unsynced {
        target: if sync.forgot {
            sync.target.max(sync.vouched)
        } else {
            sync.target
        },
        forgot: sync.forgot,
        whole: true,
    };
    // Still in this stage until it is durable.
    context.out(Output::PersistUnsynced(Some(flag)));
    Some(())
}

fn advance(context: &mut Context<'_>, reached: Reached) -> Option<()> {
    let stage = context.state.initial_sync.as_ref()?.stage.clone();
    match stage {
        SyncStage::Waiting | SyncStage::Cloning { .. } | SyncStage::Fetching(_) | SyncStage::Applying(_)
            if is_arbiter(context.state) =>
        {
            drop_copy(context);
            Some(())
        }
        SyncStage::Fetching(stop) if reached(context.state, stop) => {
            if let Some(sync) = context.state.initial_sync.as_mut() {
                sync.stage = SyncStage::Applying(stop);
            }
            if stop > context.state.commit_point {
                context.state.commit_point = stop;
                context.out(Output::CommitPoint(stop));
            }
            context.out(Output::ApplyToClone { stop });
            Some(())
        }
        SyncStage::Settling if has_settled(context.state) => {
            let sync = context.state.initial_sync.as_mut()?;
            sync.stage = SyncStage::Finishing;
            if sync.forgot {
                // In none of the terms that the others have seen may it vote again: it may have done so before.
                let vote = Vote {
                    term: context.state.term.max(context.state.vote.term),
                    candidate: None,
                };
                context.state.vote = vote;
                context.out(Output::PersistVote(vote));
            }
            context.out(Output::PersistUnsynced(None));
            Some(())
        }
        _ => None,
    }
}

/// An arbiter has no use for a copy; what is there of it goes, so that the flag may go, too. Without this: 1. a member that copies
/// its data is removed, and comes back as arbiter; 2. nobody serves it, so the copy never ends; 3. a set of one member with data and
/// this arbiter elects nobody, as who has no data gives no vote.
fn drop_copy(context: &mut Context<'_>) {
    let state = &mut *context.state;
    if let Some(sync) = state.initial_sync.as_mut() {
        sync.stage = SyncStage::Settling;
    }
    state.oplog = Oplog::default();
    state.durable = OpTime::NULL;
    state.rollback = None;
    context.out(Output::BeginClone { begin: OpTime::NULL });
    context.drop_source();
    context.arm(Timer::Sync);
}

fn is_arbiter(state: &State) -> bool {
    state.my_config().is_some_and(|me| me.arbiter)
}

/// It holds all that was ever committed with its help, and has heard of every term in which it may have voted. What was
/// committed, somebody else has, too: so it is enough to have what all others have, if what it threw away itself is
/// nowhere any more (the only member that may be elected copies the data anew; nobody has its last entries). Without
/// it: P and M hold X, which is committed; M is emptied and copies from Q, which lacks X; P dies, and Q is elected
/// by M (R-98, BUG-R08).
fn has_settled(state: &State) -> bool {
    let Some(sync) = &state.initial_sync else {
        return false;
    };
    let vouched = |(position, _): (usize, MemberId)| {
        sync.heard.contains(position) || !state.config.members[position].is_voter()
    };
    let all_vouch = state.others().all(vouched);
    let arbiter = is_arbiter(state);
    let holds = |entry| arbiter || (state.durable >= entry && state.last_written() >= entry);
    let settled = if sync.forgot {
        all_vouch && holds(sync.vouched.max(sync.target))
    } else {
        holds(sync.target) || all_vouch && holds(sync.vouched)
    };
    settled && state.my_config().is_some()
}

fn finish(context: &mut Context<'_>) {
    context.state.initial_sync = None;
    context.state.report_due = true;
    context.out(Output::CancelTimer(Timer::Sync));
    if context.state.rollback.is_none() && !context.state.config.is_none() {
        // R-99 step 7: every member passes RECOVERING on its way (S4-20).
        if context.state.member_state == MemberState::Startup2 {
            context.change_state(MemberState::Recovering);
        }
        let resting = context.state.resting_state();
        context.change_state(resting);
        // The open request asks for entries only; from now on news of the commit point counts, too.
        context.fetch();
    }
    context.arm_election();
}
