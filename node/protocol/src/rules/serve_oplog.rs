//! The other end of the pull: fetches are parked and answered at the end of the turn, so that one answer carries
//! a whole group of writes; the search for a common point is answered at once.

use super::rule::{Context, Rule};
use crate::input::Input;
use crate::message::Body;
use crate::state::{Parked, State};

/// See the module.
pub const RULE: Rule = Rule {
    name: "serve_oplog",
    act: serve_oplog,
};

/// Entries in one answer at most; the shell shortens it further by bytes.
pub const BATCH_MAX: usize = 5000;

fn serve_oplog(context: &mut Context<'_>) -> Option<()> {
    if matches!(context.input, Input::TurnEnd) {
        return answer_parked(context);
    }
    let message = context.message()?;
    context.state.member_state.is_readable().then_some(())?;
    match message.body {
        Body::FetchRequest { after, commit_point } => {
            let again = context
                .state
                .parked
                .iter()
                .any(|parked| parked.member == message.from);
            context
                .state
                .parked
                .retain(|parked| parked.member != message.from);
            // Asked again: the asker has waited long and wants a sign of life.
            let parked = Parked {
                member: message.from,
                after,
                commit_point,
                urgent: again,
            };
            context.state.parked.push(parked);
        }
        Body::CommonPointRequest { ref candidates } => {
            let asked = *candidates.first()?;
            let common = candidates
                .iter()
                .copied()
                .find(|candidate| context.state.oplog.contains(*candidate));
            let newest = context.state.last_written();
            context.send(
                message.from,
                Body::CommonPointResponse {
                    asked,
                    common,
                    newest,
                },
            );
        }
        _ => return None,
    }
    Some(())
}

fn answer_parked(context: &mut Context<'_>) -> Option<()> {
    if context
        .state
        .parked
        .iter()
        .all(|fetch| has_nothing_for(context.state, fetch))
        && context.state.member_state.is_readable()
    {
        return None;
    }
    let parked = std::mem::take(&mut context.state.parked);
    if !context.state.member_state.is_readable() {
        // A rule that changes the state says that it fired: a trace leaves out steps in which nothing did.
        return (!parked.is_empty()).then_some(());
    }
    let mut answered = None;
    for fetch in parked {
        if has_nothing_for(context.state, &fetch) {
            context.state.parked.push(fetch);
            continue;
        }
        let state = &*context.state;
        let found = state.oplog.after(fetch.after, BATCH_MAX);
        let body = Body::FetchResponse {
            after: fetch.after,
            found: found.is_some(),
            entries: found.unwrap_or_default(),
            commit_point: state.commit_point,
            newest: state.last_written(),
            dropped: state.oplog.base(),
            sync_source: state.sync_source,
        };
        context.send(fetch.member, body);
        answered = Some(());
    }
    answered
}

/// The asker has all that there is, knows of it, and can wait.
fn has_nothing_for(state: &State, fetch: &Parked) -> bool {
    fetch.after == state.last_written() && !fetch.urgent && state.commit_point <= fetch.commit_point
}
