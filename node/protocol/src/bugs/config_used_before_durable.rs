//! D09: a configuration is in force before it is on the disk.

use super::bug::Bug;
use crate::rules::install_config::{self, adopt};
use crate::rules::rule::{Context, Rule};
use crate::rules::{reconfigure, update_config_term};

pub(super) const BUG: Bug = Bug {
    id: "D09",
    name: "config_used_before_durable",
    story: "A member works by the new configuration, tells others that it has it, loses power, and comes back with the old \
            one: a majority of the old one elects a primary beside the new one's.",
    rules: &[
        Rule {
            name: "install_config",
            act: |context| at_once(context, install_config::RULE),
        },
        Rule {
            name: "update_config_term",
            act: |context| at_once(context, update_config_term::RULE),
        },
        Rule {
            name: "reconfigure",
            act: |context| at_once(context, reconfigure::RULE),
        },
    ],
    caught_by: &["model:R-106", "model:I-16", "model:I-01"],
};

fn at_once(context: &mut Context<'_>, rule: Rule) -> Option<()> {
    let fired = (rule.act)(context);
    if let Some(pending) = context.state.config_pending.take() {
        adopt(context, pending);
    }
    fired
}
