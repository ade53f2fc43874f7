//! Heartbeats (§3.3): who lives, in which state, how far, under which primary. All of it is a hint; nothing is
//! ever counted from here.

use super::rule::{Context, Rule};
use crate::config::{ConfigId, MemberId};
use crate::input::Input;
use crate::message::{Body, MemberState, Message};
use crate::optime::OpTime;
use crate::state::{Role, State};
use crate::timer::Timer;

/// See the module.
pub const RULE: Rule = Rule {
    name: "exchange_heartbeats",
    act: exchange_heartbeats,
};

fn exchange_heartbeats(context: &mut Context<'_>) -> Option<()> {
    match context.input {
        Input::Timer(Timer::Heartbeat(id)) => {
            let position = context.state.config.position(*id)?;
            // Whoever was removed disturbs nobody any more.
            context.state.my_position()?;
            (*id != context.state.me).then_some(())?;
            context.heartbeat(position, *id);
            Some(())
        }
        Input::Timer(Timer::Silence(id)) => {
            let position = context.state.config.position(*id)?;
            let seen = &context.state.seen[position];
            (seen.up || seen.state != MemberState::Down).then_some(())?;
            lose_sight(context.state, *id);
            Some(())
        }
        Input::Message(message) => greet_stranger(context, message).or_else(|| listen(context)),
        _ => None,
    }
}

/// A member that is not heard of is taken for down.
pub(super) fn lose_sight(state: &mut State, id: MemberId) {
    let Some(position) = state.config.position(id) else {
        return;
    };
    let seen = &mut state.seen[position];
    (seen.up, seen.state) = (false, MemberState::Down);
    // It may come back with an empty disk, and then it can't even say so: it knows nobody to answer to.
    seen.config = ConfigId::NONE;
    if state.primary == Some(id) {
        state.primary = None;
    }
}

/// A member without a configuration, or with one that does not know the sender, still answers: its answer shows
/// that its configuration is older, and the next heartbeat brings the newer one.
fn greet_stranger(context: &mut Context<'_>, message: &Message) -> Option<()> {
    let Body::HeartbeatRequest { config, .. } = message.body else {
        return None;
    };
    let state = &context.state;
    let stranger = state.config.position(message.from).is_none() && message.from != state.me;
    stranger.then_some(())?;
    if state.config.id.is_newer_than(config) && state.my_position().is_some() {
        // It was removed and does not know.
        let body = Body::HeartbeatRequest {
            state: state.member_state,
            config: state.config.id,
            install: Some(state.config.clone()),
        };
        context.send(message.from, body);
        return Some(());
    }
    config.is_newer_than(state.config.id).then_some(())?;
    let mut answer = Message {
        from: message.to,
        to: message.from,
        term: context.state.term,
        body: answer(context),
    };
    if context.state.config.is_none() {
        answer.term = crate::optime::Term::INITIAL;
    }
    context.out(crate::output::Output::Send(answer));
    Some(())
}

fn listen(context: &mut Context<'_>) -> Option<()> {
    let (message, position) = context.message_from()?;
    context.arm(Timer::Silence(message.from));
    let state = &mut *context.state;
    let seen = &mut state.seen[position];
    seen.up = true;
    let same_term = message.term == state.term;
    match message.body {
        Body::HeartbeatRequest {
            state: theirs,
            config,
            ..
        } => {
            (seen.state, seen.config) = (theirs, config);
            let body = answer(context);
            context.send(message.from, body);
            hear_primary(context, message, theirs);
        }
        Body::HeartbeatResponse {
            state: theirs,
            written,
            sync_source,
            config,
            ..
        } => {
            let is_news = seen.config != config;
            (seen.state, seen.written, seen.sync_source, seen.config) =
                (theirs, written, sync_source, config);
            // Once for each older configuration that shows itself; then with the regular heartbeats. A member takes
            // its time to store the new one, and until then each of its answers would call for the next heartbeat.
            if is_news && state.config.id.is_newer_than(config) {
                context.heartbeat(position, message.from);
            }
            hear_primary(context, message, theirs);
        }
        // The primary's entries are as good as its heartbeat.
        Body::FetchResponse { .. } if same_term && state.primary == Some(message.from) => {
            context.arm_election();
        }
        _ => {}
    }
    Some(())
}

/// Word from the primary of the present term puts the election off. A primary of an older term does not.
fn hear_primary(context: &mut Context<'_>, message: &Message, theirs: MemberState) {
    let state = &mut *context.state;
    if message.term != state.term {
        return;
    }
    if theirs == MemberState::Primary {
        state.primary = Some(message.from);
        // The term has its primary: this candidate has lost (Raft §5.2). Without this it would stand for ever, the
        // heartbeats putting off its next election and its candidacy every new configuration.
        if matches!(state.role, Role::Candidate { .. }) {
            state.role = Role::Follower;
        }
        context.arm_election();
    } else if state.primary == Some(message.from) {
        state.primary = None;
    }
}

fn answer(context: &Context<'_>) -> Body {
    let state = &context.state;
    // whoever copies the data holds nothing that counts.
    let (written, durable) = match state.initial_sync {
        None => (state.last_written(), state.durable),
        Some(_) => (OpTime::NULL, OpTime::NULL),
    };
    Body::HeartbeatResponse {
        state: state.member_state,
        written,
        durable,
        commit_point: state.commit_point,
        primary: state.primary,
        sync_source: state.sync_source,
        config: state.config.id,
    }
}
