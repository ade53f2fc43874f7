//! only who asks for force gets it.

use protocol::input::Input;
use protocol::optime::Term;
use protocol::output::Output;

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "R-108",
    name: "nobody forces unasked",
    check: Check::Step(forces),
};

fn forces(step: &Step<'_>) -> Option<String> {
    let Input::Reconfig { force: false, .. } = step.input else {
        return None;
    };
    let forced =
        |output: &Output| matches!(output, Output::PersistConfig(next) if next.id.term == Term::NONE);
    let forced = step.outputs.iter().any(forced);
    forced.then(|| {
        format!(
            "member {} forces a configuration that nobody wanted forced",
            step.after.me.0
        )
    })
}
