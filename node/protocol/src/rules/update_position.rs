//! `UpdatePosition` (R-58…R-60): how far the others are, each row stamped with its reporter's term.

use super::rule::{Context, Rule};
use crate::message::{Body, Position};
use crate::state::State;

/// See the module.
pub const RULE: Rule = Rule {
    name: "update_position",
    act: |context| update_position(context, is_of_my_term),
};

/// Does this row count here?
pub type Counts = fn(&State, &Position) -> bool;

/// Only rows of the present term count. Without this: A reports an entry to the old primary P after it has
/// voted for the new primary B, which lacks the entry; P counts A, acknowledges, and B's log wins (SERVER-22136).
#[must_use]
pub fn is_of_my_term(state: &State, row: &Position) -> bool {
    row.term == state.term
}

/// Takes note of the rows that count.
pub fn update_position(context: &mut Context<'_>, counts: Counts) -> Option<()> {
    let message = context.message()?;
    let Body::UpdatePosition { positions } = &message.body else {
        return None;
    };
    let state = &mut *context.state;
    for row in positions {
        if row.member == state.me || !counts(state, row) {
            continue;
        }
        let Some(position) = state.config.position(row.member) else {
            continue;
        };
        let before = state.progress[position];
        let after = state.progress[position].get_or_insert(*row);
        after.term = after.term.max(row.term);
        // Reports may overtake each other; within one term an entry once reported as of this term stays.
        after.written = after.written.max(row.written);
        after.durable = after.durable.max(row.durable);
        let news = before != Some(*after);
        // Whoever pulls from someone passes on the positions of those who pull from it; old news goes with the next
        // keep-alive. Without the latter: two that pull from each other tell each other the same without a pause.
        state.report_due |= !state.is_primary() && news;
    }
    Some(())
}
