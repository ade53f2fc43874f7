//! D04: after a rollback the old durable position stays.

use super::bug::Bug;
use crate::input::Input;
use crate::output::Token;
use crate::rules::roll_back_oplog;
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "D04",
    name: "durable_not_reset_on_rollback",
    story: "A member that rolled back goes on to report what it has cut off as durable, and later entries before they \
            are flushed (SERVER-50949).",
    rules: &[Rule {
        name: "roll_back_oplog",
        act: keep_durable,
    }],
    caught_by: &["model:I-09"],
};

fn keep_durable(context: &mut Context<'_>) -> Option<()> {
    let before = context.state.durable;
    (roll_back_oplog::RULE.act)(context)?;
    if let Input::Persisted(Token::RollBack(_)) = context.input {
        context.state.durable = before;
    }
    Some(())
}
