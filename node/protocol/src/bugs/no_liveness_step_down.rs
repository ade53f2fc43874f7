//! E13: a primary that sees nobody any more stays primary.

use super::bug::Bug;
use crate::rules::rule::{Context, Rule};
use crate::rules::step_down;
use crate::timer::Timer;

pub(super) const BUG: Bug = Bug {
    id: "E13",
    name: "no_liveness_step_down",
    story: "A primary that is cut off goes on as primary for as long as the cut lasts: it takes writes that will be rolled \
            back, and answers local reads that are long stale (Jepsen's MongoDB 2.4.3 analysis).",
    rules: &[Rule {
        name: "step_down",
        act: stay,
    }],
    caught_by: &["model:R-51"],
};

fn stay(context: &mut Context<'_>) -> Option<()> {
    let silence = matches!(context.timer(), Some(Timer::Silence(_)));
    if silence {
        None
    } else {
        (step_down::RULE.act)(context)
    }
}
