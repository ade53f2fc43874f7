//! S14: a new primary that finds those who are ahead of it on another branch rolls back like anybody else.

use super::bug::Bug;
use crate::message::MemberState;
use crate::rules::roll_back_oplog;
use crate::rules::rule::{Context, Rule};
use crate::state::Role;

pub(super) const BUG: Bug = Bug {
    id: "S14",
    name: "primary_rolls_back",
    story: "A member wins while another branch turns out to be newer: it leads, rolls back, and cuts off what its term \
            begins with (SERVER-61977).",
    rules: &[Rule {
        name: "roll_back_oplog",
        act: roll_back_as_anybody,
    }],
    caught_by: &["model:I-08", "simulate:I-08"],
};

fn roll_back_as_anybody(context: &mut Context<'_>) -> Option<()> {
    let role = context.state.role;
    let leads = context.state.is_primary();
    if leads {
        context.state.role = Role::Follower;
    }
    let fired = (roll_back_oplog::RULE.act)(context);
    if leads {
        context.state.role = role;
        if context.state.rollback.is_none() {
            context.state.member_state = MemberState::Primary;
        }
    }
    fired
}
