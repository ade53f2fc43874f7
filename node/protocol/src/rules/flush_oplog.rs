//! The oplog's durable part grows.

use super::rule::{Context, Rule};
use crate::input::Input;

/// See the module.
pub const RULE: Rule = Rule {
    name: "flush_oplog",
    act: flush_oplog,
};

fn flush_oplog(context: &mut Context<'_>) -> Option<()> {
    let Input::Flushed(up_to) = *context.input else {
        return None;
    };
    let state = &mut *context.state;
    // An entry that a rollback has cut meanwhile is no longer ours to count.
    (up_to > state.durable && state.oplog.contains(up_to)).then_some(())?;
    state.durable = up_to;
    state.report_due = true;
    Some(())
}
