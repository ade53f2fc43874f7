//! A configuration is made durable, then it is in force (R-106, R-109; logless reconfiguration's `SendConfig`).

use std::sync::Arc;

use super::rule::{Context, Rule};
use super::{initial_sync, prove_read, roll_back_oplog, start, step_down};
use crate::config::{Config, MemberSet};
use crate::input::{Input, RequestId};
use crate::message::Body;
use crate::optime::Term;
use crate::output::{Content, Outcome, Output, Token};
use crate::state::{Mode, PendingConfig, Role, Rollback, Seen, State};
use crate::timer::Timer;

/// See the module.
pub const RULE: Rule = Rule {
    name: "install_config",
    act: install_config,
};

fn install_config(context: &mut Context<'_>) -> Option<()> {
    match context.input {
        Input::Initiate { me, config } => {
            let empty = context.state.config.is_none() && context.state.last_written().is_null();
            (empty && context.state.config_pending.is_none()).then_some(())?;
            let pending = PendingConfig {
                config: Arc::clone(config),
                me: Some(*me),
                initiates: true,
                asked_by: None,
            };
            persist(context, pending);
        }
        Input::Message(message) => {
            // A member without a configuration listens to whoever brings it one.
            let Body::HeartbeatRequest {
                install: Some(config),
                ..
            } = &message.body
            else {
                return None;
            };
            (is_wanted(context, config)).then_some(())?;
            if context.state.config.is_none() {
                // It tells whether the set has had a primary already.
                context.state.term = context.state.term.max(message.term);
            }
            context.out(Output::ResolveConfig(Arc::clone(config)));
        }
        Input::ConfigResolved { me, config } => {
            is_wanted(context, config).then_some(())?;
            let pending = PendingConfig {
                config: Arc::clone(config),
                me: *me,
                initiates: false,
                asked_by: None,
            };
            persist(context, pending);
        }
        Input::Persisted(Token::Config(id)) => {
            let pending = context
                .state
                .config_pending
                .take_if(|pending| pending.config.id == *id)?;
            adopt(context, pending);
        }
        _ => return None,
    }
    Some(())
}

fn is_wanted(context: &Context<'_>, config: &Config) -> bool {
    let state = &context.state;
    state.config_pending.is_none()
        && config.id.is_newer_than(state.config.id)
        && (state.config.is_none() || state.config.set_name == config.set_name)
        // Not between standing and being writable: votes count against the configuration they were asked in, and a
        // new primary stamps the one it was elected in.
        && !matches!(state.role, Role::Candidate { .. } | Role::Primary(Mode::CatchUp { .. }))
}

/// Starts to make it durable; it is in force when it is.
pub(super) fn persist(context: &mut Context<'_>, pending: PendingConfig) {
    initial_sync::mark_if_forgotten(context, &pending.config, pending.me, pending.initiates);
    context.out(Output::PersistConfig(Arc::clone(&pending.config)));
    context.state.config_pending = Some(pending);
}

/// In force from here on.
pub fn adopt(context: &mut Context<'_>, pending: PendingConfig) {
    let me = pending.identity(context.state.me);
    let PendingConfig {
        config,
        initiates,
        asked_by,
        ..
    } = pending;
    learn_term(context, config.id.term);
    remap(context.state, &config);
    let state = &mut *context.state;
    let stamped_only = state.config.members == config.members;
    state.config = config;
    state.me = me;
    state.installed = MemberSet::EMPTY;
    prove_read::ask_anew(state);
    // Priorities may have changed: planned anew at the primary's next heartbeat.
    state.takeover = None;
    if state.is_primary() && !stamped_only {
        state.inherited = state.commit_point;
    }
    if initiates {
        context.append_own(Content::Initiating, 1);
    }
    let electable = context.state.my_config().is_some_and(|me| me.is_electable());
    if context.state.is_primary() && !electable {
        step_down::relinquish(context);
    } else if !context.state.is_primary() {
        context.state.role = Role::Follower;
        let resting = context.state.resting_state();
        if context.state.rollback.is_none() {
            context.change_state(resting);
        }
    }
    give_up_on_members_gone(context);
    answer_operator(context, asked_by);
    let source = context.state.sync_source;
    if context.state.my_config().is_none() {
        retire(context);
    } else if source.is_some_and(|source| context.state.config.position(source).is_none()) {
        // Leaving the source stops the timer that the search for the common point ends by.
        if matches!(context.state.rollback, Some(Rollback::Searching { .. })) {
            roll_back_oplog::abandon(context);
        }
        context.drop_source();
    }
    start::take_up(context);
}

/// A configuration proves that its term was begun. Without this: the primary of term 1 removes a member, which elects
/// another primary in term 2 and brings that one's configuration; it is no stranger's message that would end term 1
/// here, and the old primary would go on as one of term 2.
fn learn_term(context: &mut Context<'_>, term: Term) {
    if term <= context.state.term {
        return;
    }
    if context.state.is_primary() {
        step_down::relinquish(context);
    }
    context.state.role = Role::Follower;
    context.state.term = term;
    context.state.primary = None;
    context.clear_progress();
}

/// What is kept by position goes with its member.
fn remap(state: &mut State, config: &Config) {
    let kept = |id| state.config.position(id);
    let progress = config
        .members
        .iter()
        .map(|member| kept(member.id).and_then(|at| state.progress[at]));
    let seen = config
        .members
        .iter()
        .map(|member| kept(member.id).map_or(Seen::NOTHING, |at| state.seen[at]));
    (state.progress, state.seen) = (progress.collect(), seen.collect());
    if let Some(sync) = &mut state.initial_sync {
        let vouched = config.members.iter().enumerate().filter(|(_, member)| {
            let before = state.config.position(member.id);
            before.is_some_and(|before| sync.heard.contains(before))
        });
        let mut heard = MemberSet::EMPTY;
        vouched.for_each(|(position, _)| heard.insert(position));
        sync.heard = heard;
    }
    state
        .parked
        .retain(|parked| config.position(parked.member).is_some());
    state.primary = state
        .primary
        .filter(|primary| config.position(*primary).is_some());
}

/// Who waits for more members, or others, than there are now would wait for ever.
fn give_up_on_members_gone(context: &mut Context<'_>) {
    let state = &mut *context.state;
    let config = Arc::clone(&state.config);
    let waiting = std::mem::take(&mut state.waiting);
    let (waiting, gone): (Vec<_>, Vec<_>) = waiting
        .into_iter()
        .partition(|waiter| config.can_satisfy(waiter.concern.w));
    state.waiting = waiting;
    for waiter in gone {
        context.out(Output::Complete {
            id: waiter.id,
            outcome: Outcome::Unsatisfiable,
        });
    }
}

/// A forced configuration is answered at once; any other when a majority has it.
fn answer_operator(context: &mut Context<'_>, asked_by: Option<RequestId>) {
    let Some(id) = asked_by else { return };
    let outcome = if context.state.config.id.term == Term::NONE {
        Outcome::Done
    } else if context.state.is_primary() {
        context.state.config_waiter = Some(id);
        return;
    } else {
        Outcome::SteppedDown
    };
    context.out(Output::Complete { id, outcome });
}

/// Not in the set any more: pulls from nobody, stands no more, answers nobody's fetches.
fn retire(context: &mut Context<'_>) {
    context.state.sync_source = None;
    context.state.fetch_missed = false;
    context.state.parked.clear();
    for timer in [Timer::Election, Timer::SyncSource, Timer::KeepAlive] {
        context.out(Output::CancelTimer(timer));
    }
    // The search for a common point ends by this timer.
    if context.state.rollback.is_none() {
        context.out(Output::CancelTimer(Timer::Fetch));
    }
}
