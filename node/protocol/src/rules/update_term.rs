//! `UpdateTerm` (RaftMongo `UpdateTermThroughHeartbeat`; ): a message of a newer term ends the old one.

use super::rule::{Context, Rule};
use super::step_down;
use crate::message::Body;
use crate::state::Role;

/// First in the table: no other rule ever sees a message of a newer term.
pub const RULE: Rule = Rule {
    name: "update_term",
    act: |context| update_term(context, |_| true),
};

/// Does this kind of message speak for its sender's term?
pub type Speaks = fn(&Body) -> bool;

/// Adopts the newer term of every message that `speaks` for it.
pub fn update_term(context: &mut Context<'_>, speaks: Speaks) -> Option<()> {
    let message = context.message()?;
    (message.term > context.state.term && speaks(&message.body)).then_some(())?;
    if context.state.is_primary() {
        step_down::relinquish(context);
    } else if context.state.role != Role::Follower {
        context.state.role = Role::Follower;
        context.arm_election();
    }
    context.state.term = message.term;
    context.state.primary = None;
    // The vote stays as it is: it belongs to its own term (R-29a).
    context.clear_progress();
    Some(())
}
