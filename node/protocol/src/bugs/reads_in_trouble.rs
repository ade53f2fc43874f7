//! Q11: a member answers reads while it rolls back, recovers or copies its data.

use super::bug::Bug;
use crate::input::Input;
use crate::message::MemberState;
use crate::rules::answer_read;
use crate::rules::rule::{Context, Rule};

pub(super) const BUG: Bug = Bug {
    id: "Q11",
    name: "reads_in_recovering",
    story: "Half the data are there, or some of what is there is about to be taken back, and clients are answered all the \
            same.",
    rules: &[Rule {
        name: "answer_read",
        act: answer_in_any_state,
    }],
    caught_by: &["model:I-19", "simulate:I-19"],
};

fn answer_in_any_state(context: &mut Context<'_>) -> Option<()> {
    matches!(context.input, Input::ClientRead { .. }).then_some(())?;
    let told = context.state.member_state;
    if matches!(
        told,
        MemberState::Rollback | MemberState::Recovering | MemberState::Startup2
    ) {
        context.state.member_state = MemberState::Secondary;
    }
    let fired = (answer_read::RULE.act)(context);
    context.state.member_state = told;
    fired
}
