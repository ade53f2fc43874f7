//! A configuration is made durable, then it is in force (R-106, R-109; logless reconfiguration's `SendConfig`).

use std::sync::Arc;

use super::rule::{Context, Rule};
use super::{initial_sync, start, step_down};
use crate::config::{Config, MemberId};
use crate::input::Input;
use crate::message::Body;
use crate::output::{Content, Output, Token};
use crate::state::{PendingConfig, Role, Seen};

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
            persist(context, Arc::clone(config), Some(*me), true)
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
            Some(())
        }
        Input::ConfigResolved { me, config } => {
            is_wanted(context, config).then_some(())?;
            persist(context, Arc::clone(config), *me, false)
        }
        Input::Persisted(Token::Config(id)) => {
            let pending = context
                .state
                .config_pending
                .take_if(|pending| pending.config.id == *id)?;
            adopt(context, pending);
            Some(())
        }
        _ => None,
    }
}

fn is_wanted(context: &Context<'_>, config: &Config) -> bool {
    let state = &context.state;
    state.config_pending.is_none()
        && config.id.is_newer_than(state.config.id)
        && (state.config.is_none() || state.config.set_name == config.set_name)
        // Not between standing and winning: votes count against the configuration they were asked in.
        && !matches!(state.role, Role::Candidate { .. })
}

fn persist(
    context: &mut Context<'_>,
    config: Arc<Config>,
    me: Option<MemberId>,
    initiates: bool,
) -> Option<()> {
    initial_sync::mark_if_forgotten(context, &config, me, initiates);
    context.state.config_pending = Some(PendingConfig {
        config: Arc::clone(&config),
        me,
        initiates,
    });
    context.out(Output::PersistConfig(config));
    Some(())
}

fn adopt(context: &mut Context<'_>, pending: PendingConfig) {
    let PendingConfig {
        config,
        me,
        initiates,
    } = pending;
    let old = std::mem::replace(&mut context.state.config, Arc::clone(&config));
    let state = &mut *context.state;
    let kept = |id| old.position(id);
    let progress = config
        .members
        .iter()
        .map(|member| kept(member.id).and_then(|at| state.progress[at]));
    let seen = config
        .members
        .iter()
        .map(|member| kept(member.id).map_or(Seen::NOTHING, |at| state.seen[at]));
    (state.progress, state.seen) = (progress.collect(), seen.collect());
    if let Some(me) = me {
        state.me = me;
    }
    state.term = state.term.max(config.id.term);
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
    start::take_up(context);
}
