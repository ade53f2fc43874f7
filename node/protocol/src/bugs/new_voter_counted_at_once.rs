//! R09: a new voter counts before it has any data.

use std::sync::Arc;

use super::bug::Bug;
use crate::output::Output;
use crate::rules::reconfigure;
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "R09",
    name: "newly_added_ignored",
    story: "An empty member is added and raises the majority at once: with one of the old members down nothing is committed \
            until the copy is done, hours later (the rationale of newlyAdded in MongoDB 4.4, and of Raft's learners).",
    rules: &[Rule {
        name: "reconfigure",
        act: take_marks_off,
    }],
    caught_by: &["model:R-100"],
};

fn take_marks_off(context: &mut Context<'_>) -> Option<()> {
    let outputs = context.outputs.len();
    let fired = (reconfigure::RULE.act)(context);
    for output in &mut context.outputs[outputs..] {
        if let Output::PersistConfig(config) = output {
            for member in &mut Arc::make_mut(config).members {
                member.newly_added = false;
            }
            if let Some(pending) = &mut context.state.config_pending {
                pending.config = Arc::clone(config);
            }
        }
    }
    fired
}
