//! Q10: a secondary answers clients that did not allow it.

use super::bug::Bug;
use crate::input::Input;
use crate::rules::answer_read;
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "Q10",
    name: "secondary_serves_without_slave_ok",
    story: "A client that asked for the primary's data gets a secondary's, older than what it wrote itself, and no 13435.",
    rules: &[Rule {
        name: "answer_read",
        act: answer_anyway,
    }],
    caught_by: &["model:I-19"],
};

fn answer_anyway(context: &mut Context<'_>) -> Option<()> {
    let mut input = context.input.clone();
    if let Input::ClientRead { secondary_ok, .. } = &mut input {
        *secondary_ok = true;
    }
    let mut willing = Context::new(
        &mut *context.state,
        context.wall_secs,
        &input,
        &mut *context.outputs,
    );
    (answer_read::RULE.act)(&mut willing)
}
