//! R08: a member whose data directory was emptied goes on under its old id as if it had never voted.

use super::bug::Bug;
use crate::output::Output;
use crate::rules::install_config;
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "R08",
    name: "wiped_node_same_id",
    story: "A member that has lost its vote and its oplog votes and acknowledges again under the same id: two primaries \
            in one term, or a committed entry that nobody who elects has (Raft assumes that disks are not lost).",
    rules: &[Rule {
        name: "install_config",
        act: install_and_forget,
    }],
    caught_by: &["simulate:I-03", "simulate:I-01", "simulate:I-10"],
};

fn install_and_forget(context: &mut Context<'_>) -> Option<()> {
    let fired = (install_config::RULE.act)(context);
    context
        .outputs
        .retain(|output| !matches!(output, Output::PersistUnsynced(_)));
    fired
}
