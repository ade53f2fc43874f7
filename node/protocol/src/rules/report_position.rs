//! Telling the sync source how far this member, and those who pull from it, have come.

use super::rule::{Context, Rule};
use crate::input::Input;
use crate::message::Body;
use crate::timer::Timer;

/// See the module.
pub const RULE: Rule = Rule {
    name: "report_position",
    act: report_position,
};

fn report_position(context: &mut Context<'_>) -> Option<()> {
    match context.input {
        Input::Timer(Timer::KeepAlive) => {
            context.arm(Timer::KeepAlive);
            context.state.report_due = true;
            Some(())
        }
        Input::TurnEnd => {
            let state = &mut *context.state;
            let source = state.sync_source?;
            // whoever copies the data holds nothing that counts.
            let counts = !state.is_primary() && state.initial_sync.is_none();
            (state.report_due && counts).then_some(())?;
            state.report_due = false;
            let mut positions = vec![state.my_report()];
            positions.extend(state.progress.iter().flatten().copied());
            context.send(source, Body::UpdatePosition { positions });
            Some(())
        }
        _ => None,
    }
}
