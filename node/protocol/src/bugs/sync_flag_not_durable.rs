//! N07: that the data are being copied stands in memory only.

use super::bug::Bug;
use crate::initial_sync::SyncStage;
use crate::input::Input;
use crate::output::Output;
use crate::rules::initial_sync;
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "N07",
    name: "flag_not_durable",
    story: "A member is killed while it copies the data, starts again as if they were whole, and serves and counts with \
            half of them.",
    rules: &[Rule {
        name: "initial_sync",
        act: begin_without_flag,
    }],
    caught_by: &["simulate:I-22", "simulate:I-10", "check:replicas-equal"],
};

fn begin_without_flag(context: &mut Context<'_>) -> Option<()> {
    let fired = (initial_sync::RULE.act)(context);
    if *context.input == Input::Resync {
        context
            .outputs
            .retain(|output| !matches!(output, Output::PersistUnsynced(_)));
        if let Some(sync) = context.state.initial_sync.as_mut()
            && sync.stage == SyncStage::Marking
        {
            sync.stage = SyncStage::Waiting;
        }
    }
    fired
}
