//! Commands that concern the member itself: one file each.

mod fail_point;
mod freeze;
mod get_config;
mod get_status;
mod hello;
mod initiate;
mod is_self;
mod maintenance;
mod reconfig;
mod resync;
mod sasl;
mod shutdown;
mod step_down;
mod step_up;
mod sync_from;

pub(super) use get_status::EMPTYCONFIG;
pub(super) use initiate::INFO as INITIATED;
pub(super) use reconfig::Proposed;

use super::request::AdminCommand;

/// All of them.
pub(super) const COMMANDS: &[AdminCommand] = &[
    fail_point::COMMAND,
    freeze::COMMAND,
    get_config::COMMAND,
    get_status::COMMAND,
    hello::COMMAND,
    initiate::COMMAND,
    is_self::COMMAND,
    maintenance::COMMAND,
    resync::COMMAND,
    reconfig::COMMAND,
    sasl::START,
    sasl::CONTINUE,
    sasl::LOGOUT,
    shutdown::COMMAND,
    step_down::COMMAND,
    step_up::COMMAND,
    sync_from::COMMAND,
];

/// A whole number among a command's arguments, of whatever numeric type.
fn number(request: &crate::wire::Request, key: &str) -> Option<i64> {
    let value = request.body.get(key).ok().flatten()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "seconds and flags are small; a huge one saturates"
    )]
    value
        .as_i64()
        .or_else(|| value.as_i32().map(i64::from))
        .or_else(|| value.as_f64().map(|number| number as i64))
}
