//! who is refused can rely on it that nothing was done.

use protocol::output::Output;

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "R-118",
    name: "refusals leave nothing behind",
    check: Check::Step(refuses_what_is_done),
};

fn refuses_what_is_done(step: &Step<'_>) -> Option<String> {
    step.outputs.iter().find_map(|output| match output {
        Output::Refuse { id, .. } => {
            let waiting = step.before.waiting.iter().find(|waiting| waiting.id == *id)?;
            let (me, entry) = (step.after.me.0, waiting.optime);
            Some(format!(
                "member {me} refuses request {} whose entry is {entry}",
                id.0
            ))
        }
        _ => None,
    })
}
