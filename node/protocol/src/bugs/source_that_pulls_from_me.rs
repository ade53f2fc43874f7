//! S07: nobody looks whether the source pulls from the one who chooses it.

use super::bug::Bug;
use crate::input::Input;
use crate::message::Body;
use crate::rules::choose_sync_source;
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "S07",
    name: "sync_cycle",
    story: "Two members pull from each other: each is ahead by what the other believes, neither ever gets anything new \
            (SERVER-58988).",
    rules: &[Rule {
        name: "choose_sync_source",
        act: choose_blindly,
    }],
    caught_by: &["model:I-18"],
};

fn choose_blindly(context: &mut Context<'_>) -> Option<()> {
    let mut input = context.input.clone();
    if let Input::Message(message) = &mut input
        && let Body::HeartbeatResponse { sync_source, .. } | Body::FetchResponse { sync_source, .. } =
            &mut message.body
    {
        *sync_source = None;
    }
    let known: Vec<_> = context.state.seen.iter().map(|seen| seen.sync_source).collect();
    for seen in &mut context.state.seen {
        seen.sync_source = None;
    }
    let mut blind = Context::new(
        &mut *context.state,
        context.wall_secs,
        &input,
        &mut *context.outputs,
    );
    let fired = (choose_sync_source::RULE.act)(&mut blind);
    for (seen, source) in context.state.seen.iter_mut().zip(known) {
        seen.sync_source = source;
    }
    fired
}
