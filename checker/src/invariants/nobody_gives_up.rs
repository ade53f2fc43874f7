//! No member of a correct cluster ever stops itself for a broken promise (R-92, §3.1).

use protocol::output::Output;

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "ASSERT",
    name: "nobody gives up",
    check: Check::Step(gives_up),
};

fn gives_up(step: &Step<'_>) -> Option<String> {
    step.outputs.iter().find_map(|output| match output {
        Output::Fatal(reason) => Some(format!("member {} stopped: {reason:?}", step.before.me.0)),
        _ => None,
    })
}
