//! C15: a new primary takes writes while it still fetches what others are ahead.

use super::bug::Bug;
use crate::input::Input;
use crate::rules::client_write;
use crate::rules::rule::{Context, Rule};
use crate::state::{Mode, Role};

pub(super) const BUG: Bug = Bug {
    id: "C15",
    name: "writes_accepted_before_drain",
    story: "The first write of a client gets in before the last entries of the old primary are there: it is ordered before \
            what it should follow, and the entries still on their way are lost (SERVER-126311).",
    rules: &[Rule {
        name: "client_write",
        act: write_at_once,
    }],
    caught_by: &["model:R-43"],
};

fn write_at_once(context: &mut Context<'_>) -> Option<()> {
    let role = context.state.role;
    let early = matches!(role, Role::Primary(Mode::CatchUp { .. }))
        && matches!(context.input, Input::ClientWrite { .. });
    if early {
        context.state.role = Role::Primary(Mode::Writable);
    }
    let fired = (client_write::RULE.act)(context);
    context.state.role = role;
    fired
}
