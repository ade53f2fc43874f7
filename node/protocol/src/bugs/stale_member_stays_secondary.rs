//! S06: a member that no oplog reaches back to goes on as a secondary.

use super::bug::Bug;
use crate::rules::roll_back_oplog;
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "S06",
    name: "stale_node_stays_secondary",
    story: "Every source's oplog begins after this member's newest entry; it asks round and round, says SECONDARY, and \
            serves what is long past.",
    rules: &[Rule {
        name: "roll_back_oplog",
        act: look_fresh,
    }],
    caught_by: &["simulate:liveness"],
};

fn look_fresh(context: &mut Context<'_>) -> Option<()> {
    let was_stale = context.state.stale;
    (roll_back_oplog::RULE.act)(context)?;
    if context.state.stale && !was_stale {
        context.state.stale = false;
        let resting = context.state.resting_state();
        context.change_state(resting);
    }
    Some(())
}
