//! T06: a position is reported when it has changed, and never again.

use super::bug::Bug;
use crate::rules::report_position;
use crate::rules::rule::{Context, Rule};
use crate::timer::Timer;

pub(super) const BUG: Bug = Bug {
    id: "T06",
    name: "keepalive_missing",
    story: "The one report that would commit the newest entry gets lost; nothing else is written, so nobody reports again, \
            and the client waits for ever (in MongoDB an idle primary also steps down, for it counts reports as signs of \
            life).",
    rules: &[Rule {
        name: "report_position",
        act: report_changes_only,
    }],
    caught_by: &["simulate:liveness"],
};

fn report_changes_only(context: &mut Context<'_>) -> Option<()> {
    if context.timer() == Some(Timer::KeepAlive) {
        context.arm(Timer::KeepAlive);
        return Some(());
    }
    (report_position::RULE.act)(context)
}
