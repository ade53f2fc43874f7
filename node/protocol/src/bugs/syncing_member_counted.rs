//! C08, of a member that syncs: a member in initial sync reports how far its oplog goes.

use super::bug::Bug;
use crate::input::Input;
use crate::message::Body;
use crate::rules::report_position;
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "C08S",
    name: "syncing_member_counted",
    story: "A member that copies the data acknowledges entries; it begins anew after a crash, and what was committed \
            with its help is on too few members.",
    rules: &[Rule {
        name: "report_position",
        act: report_anyway,
    }],
    caught_by: &["simulate:I-10", "simulate:I-03"],
};

fn report_anyway(context: &mut Context<'_>) -> Option<()> {
    let fired = (report_position::RULE.act)(context);
    let state = &*context.state;
    if *context.input == Input::TurnEnd
        && state.initial_sync.is_some()
        && let Some(source) = state.sync_source
    {
        let positions = vec![state.my_report()];
        context.send(source, Body::UpdatePosition { positions });
        return Some(());
    }
    fired
}
