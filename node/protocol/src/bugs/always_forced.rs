//! R07: every reconfiguration is a forced one.

use super::bug::Bug;
use crate::input::Input;
use crate::rules::reconfigure;
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "R07",
    name: "force_reconfig_used_or_silent",
    story: "The operator did not ask for force and gets it: nothing is checked, and what a majority of the old configuration \
            had acknowledged is not on one of the new.",
    rules: &[Rule {
        name: "reconfigure",
        act: force,
    }],
    caught_by: &[
        "model:I-16",
        "model:I-01",
        "model:I-03",
        "model:R-102",
        "model:R-108",
    ],
};

fn force(context: &mut Context<'_>) -> Option<()> {
    let mut input = context.input.clone();
    if let Input::Reconfig { force, .. } = &mut input {
        *force = true;
    }
    let mut forced = Context::new(
        &mut *context.state,
        context.wall_secs,
        &input,
        &mut *context.outputs,
    );
    (reconfigure::RULE.act)(&mut forced)
}
