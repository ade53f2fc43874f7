//! no configuration that was not forced makes an arbiter of a member with data, or the other way round.

use protocol::input::Input;
use protocol::output::Output;

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "R-102",
    name: "members stay what they are",
    check: Check::Step(flips),
};

fn flips(step: &Step<'_>) -> Option<String> {
    let Input::Reconfig { force: false, .. } = step.input else {
        return None;
    };
    step.outputs.iter().find_map(|output| match output {
        Output::PersistConfig(next) => {
            let flipped = next.members.iter().find(|row| {
                let before = step.before.config.member(row.id);
                before.is_some_and(|before| before.arbiter != row.arbiter)
            });
            flipped.map(|row| format!("member {} was an arbiter or is one now", row.id.0))
        }
        _ => None,
    })
}
