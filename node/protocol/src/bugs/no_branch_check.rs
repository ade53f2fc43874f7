//! S01: a source sends whatever is newer than the asker's timestamp, on any branch.

use super::bug::Bug;
use crate::input::Input;
use crate::message::Body;
use crate::rules::rule::{Context, Rule};
use crate::rules::serve_oplog;

pub(super) const BUG: Bug = Bug {
    id: "S01",
    name: "no_branch_check",
    story: "A member appends entries that follow its newest timestamp, not its newest entry: two logs share an entry \
            and differ below it (SERVER-27403).",
    rules: &[Rule {
        name: "serve_oplog",
        act: serve_any_branch,
    }],
    caught_by: &["model:I-02", "check:replicas-equal"],
};

fn serve_any_branch(context: &mut Context<'_>) -> Option<()> {
    let parked = context.state.parked.clone();
    (serve_oplog::RULE.act)(context)?;
    if *context.input != Input::TurnEnd {
        return Some(());
    }
    let oplog = &context.state.oplog;
    for output in context.outputs.iter_mut() {
        if let crate::output::Output::Send(message) = output
            && let Body::FetchResponse { found, entries, .. } = &mut message.body
            && let Some(fetch) = parked.iter().find(|fetch| fetch.member == message.to)
        {
            *entries = oplog.iter().filter(|entry| entry.ts > fetch.after.ts).collect();
            *found = *found || !entries.is_empty();
        }
    }
    Some(())
}
