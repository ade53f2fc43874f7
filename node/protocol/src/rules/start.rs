//! The process is up: arm the timers, greet the others.

use super::rule::{Context, Rule};
use crate::input::Input;
use crate::timer::Timer;

/// See the module.
pub const RULE: Rule = Rule {
    name: "start",
    act: start,
};

fn start(context: &mut Context<'_>) -> Option<()> {
    matches!(context.input, Input::Start).then_some(())?;
    take_up(context);
    Some(())
}

/// Takes up its place in the configuration: greets everybody, waits for a primary.
pub(super) fn take_up(context: &mut Context<'_>) {
    if context.state.my_config().is_none() {
        return;
    }
    context.heartbeat_all();
    let others: Vec<_> = context.state.others().map(|(_, id)| id).collect();
    for id in others {
        context.arm(Timer::Silence(id));
    }
    context.arm_election();
    context.arm(Timer::SyncSource);
    context.arm(Timer::KeepAlive);
}
