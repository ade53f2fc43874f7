//! T01: an entry is named by the wall clock alone.

use super::bug::Bug;
use crate::optime::{OpTime, Timestamp};
use crate::output::{Content, Output};
use crate::rules::client_write;
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "T01",
    name: "timestamp_from_wall_clock",
    story: "The clock goes back, and with it the names of new entries: members that pull what follows their newest entry \
            skip them (the data loss by clock skew of MongoDB 2.0).",
    rules: &[Rule {
        name: "client_write",
        act: name_by_the_clock,
    }],
    caught_by: &["model:ASSERT", "simulate:panic"],
};

fn name_by_the_clock(context: &mut Context<'_>) -> Option<()> {
    let before = context.state.last_written();
    let fired = (client_write::RULE.act)(context);
    let named = OpTime {
        term: context.state.term,
        ts: Timestamp {
            secs: context.wall_secs.max(1),
            inc: 1,
        },
    };
    if let Some(Output::Append {
        content: Content::Write(_),
        entries,
    }) = context.outputs.last_mut()
        && entries.len() == 1
    {
        *entries = vec![named];
        context.state.oplog.truncate_after(before);
        context.state.oplog.append(named);
        if let Some(waiting) = context.state.waiting.last_mut() {
            waiting.optime = named;
        }
    }
    fired
}
