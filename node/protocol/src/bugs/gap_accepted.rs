//! S05: nobody looks whether the source's oplog still reaches back to what the asker has.

use super::bug::Bug;
use crate::input::Input;
use crate::message::Body;
use crate::rules::rule::{Context, Rule};
use crate::rules::serve_oplog;

pub(super) const BUG: Bug = Bug {
    id: "S05",
    name: "no_oldest_entry_check",
    story: "A source whose capped oplog begins after the asker's newest entry sends what it still has: a hole in the \
            asker's oplog and data that nobody notices.",
    rules: &[Rule {
        name: "serve_oplog",
        act: serve_from_the_oldest,
    }],
    caught_by: &["simulate:I-02", "check:replicas-equal"],
};

fn serve_from_the_oldest(context: &mut Context<'_>) -> Option<()> {
    let fired = (serve_oplog::RULE.act)(context);
    if *context.input != Input::TurnEnd {
        return fired;
    }
    let oplog = &context.state.oplog;
    for output in context.outputs.iter_mut() {
        if let crate::output::Output::Send(message) = output
            && let Body::FetchResponse {
                after,
                found,
                entries,
                ..
            } = &mut message.body
            && !*found
            && *after < oplog.base()
        {
            *entries = oplog.iter().take(serve_oplog::BATCH_MAX).collect();
            *found = true;
        }
    }
    fired
}
