//! C09: whoever waits for a write when the primary steps down hears "done".

use super::bug::Bug;
use crate::output::{Outcome, Output};
use crate::rules::rule::{Context, Rule};
use crate::rules::{step_down, update_term};

pub(super) const BUG: Bug = Bug {
    id: "C09",
    name: "waiters_succeed_on_step_down",
    story: "Waiters are woken by the step-down and take that for success: the write is acknowledged, then rolled back \
            (the family of SERVER-27534).",
    rules: &[
        Rule {
            name: "update_term",
            act: |context| done_for_all(context, update_term::RULE),
        },
        Rule {
            name: "step_down",
            act: |context| done_for_all(context, step_down::RULE),
        },
    ],
    caught_by: &["model:I-10", "check:no-lost-write"],
};

fn done_for_all(context: &mut Context<'_>, rule: Rule) -> Option<()> {
    (rule.act)(context)?;
    for output in context.outputs.iter_mut() {
        if let Output::Complete { outcome, .. } = output {
            *outcome = Outcome::Done;
        }
    }
    Some(())
}
