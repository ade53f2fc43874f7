//! C17: a write whose end nobody knows is reported as one that was never done.

use super::bug::Bug;
use crate::output::{Outcome, Output, Refusal};
use crate::rules::rule::{Context, Rule};
use crate::rules::{step_down, update_term};

pub(super) const BUG: Bug = Bug {
    id: "C17",
    name: "aborted_read",
    story: "Whoever waits for a write when the primary steps down hears \"not primary\", a definite failure, although the \
            entry is in the oplog and may yet be committed: a failed write is seen by others (redisraft #23).",
    rules: &[
        Rule {
            name: "update_term",
            act: |context| refuse_instead(context, update_term::RULE),
        },
        Rule {
            name: "step_down",
            act: |context| refuse_instead(context, step_down::RULE),
        },
    ],
    caught_by: &["model:R-118", "check:linearizable", "check:no-lost-write"],
};

fn refuse_instead(context: &mut Context<'_>, rule: Rule) -> Option<()> {
    (rule.act)(context)?;
    for output in context.outputs.iter_mut() {
        if let Output::Complete {
            id,
            outcome: Outcome::SteppedDown,
        } = *output
        {
            let refusal = Refusal::NotWritablePrimary;
            *output = Output::Refuse { id, refusal };
        }
    }
    Some(())
}
