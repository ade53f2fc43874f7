//! R11: a primary goes on as primary of a configuration in which it can't be one.

use super::bug::Bug;
use crate::message::MemberState;
use crate::rules::install_config;
use crate::rules::reconfigure::{
    fits_the_present, has_none_under_way, is_installed, is_of_my_term, is_oplog_committed, is_writable,
    reconfigure,
};
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "R11",
    name: "removed_node_keeps_campaigning",
    story: "The operator removes the primary, or takes its vote, and it does not step down: it leads a set of which it is no \
            part, and disturbs the others (redisraft #17).",
    rules: &[
        Rule {
            name: "reconfigure",
            act: |context| {
                let checks = [
                    is_writable,
                    has_none_under_way,
                    fits_the_present,
                    is_of_my_term,
                    is_installed,
                    is_oplog_committed,
                ];
                reconfigure(context, &checks)
            },
        },
        Rule {
            name: "install_config",
            act: stay_primary,
        },
    ],
    caught_by: &["model:R-50"],
};

fn stay_primary(context: &mut Context<'_>) -> Option<()> {
    let (term, role, first) = (
        context.state.term,
        context.state.role,
        context.state.first_of_term,
    );
    let led = context.state.is_primary();
    let fired = (install_config::RULE.act)(context);
    if led && context.state.term == term && !context.state.is_primary() {
        context.state.role = role;
        context.state.first_of_term = first;
        context.change_state(MemberState::Primary);
    }
    fired
}
