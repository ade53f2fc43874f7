//! What a syncing member asks of the others: pages of their data, and what it may have forgotten.

use super::rule::{Context, Rule};
use crate::message::Body;
use crate::optime::OpTime;

/// See the module.
pub const RULE: Rule = Rule {
    name: "serve_clone",
    act: serve_clone,
};

fn serve_clone(context: &mut Context<'_>) -> Option<()> {
    let message = context.message()?;
    let state = &context.state;
    match message.body {
        Body::CloneRequest { begin, number, .. } => {
            state.member_state.is_readable().then_some(())?;
            // What is committed and here, if this life has heard of it yet; what the cap has dropped was committed in
            // any case. Without the latter: the primary of two members restarts while the other has no data; it waits
            // for a majority to learn what is committed, and the other for it.
            let at = state
                .commit_point
                .min(state.last_written())
                .max(state.oplog.base());
            // Where a clone begins is committed, so whoever has that entry may serve it on from there. Without this:
            // three of three voters with data must acknowledge, one of them copies from the primary, which starts
            // again and learns of no commit point before that one counts.
            let at = begin
                .filter(|begin| state.oplog.contains(*begin))
                .map_or(at, |begin| at.max(begin));
            begin.is_none_or(|begin| at >= begin).then_some(())?;
            let next = None;
            context.send(
                message.from,
                Body::CloneResponse {
                    begin,
                    number,
                    at,
                    next,
                },
            );
        }
        Body::MemoryRequest { life, had } => {
            // Who has forgotten itself, or has thrown its data away, can't vouch.
            state.initial_sync.is_none().then_some(())?;
            let arbiter = state.my_config().is_some_and(|me| me.arbiter);
            let written = if arbiter {
                OpTime::NULL
            } else {
                state.last_written()
            };
            context.send(message.from, Body::MemoryResponse { life, had, written });
        }
        _ => return None,
    }
    Some(())
}
