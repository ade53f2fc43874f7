//! a statement that changed nothing is acknowledged by a majority only with all that it can have seen.

use protocol::concern::W;
use protocol::input::Input;
use protocol::output::{Outcome, Output};

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "R-64",
    name: "no-ops wait for what they saw",
    check: Check::Step(does_not_wait),
};

fn does_not_wait(step: &Step<'_>) -> Option<String> {
    let Input::ClientNoop { id, concern } = *step.input else {
        return None;
    };
    let outcome = Outcome::Done;
    let done = step.outputs.contains(&Output::Complete { id, outcome });
    let seen = step.before.last_written();
    (done && concern.w == W::Majority && step.after.commit_point < seen).then(|| {
        format!(
            "member {} vouches for {seen}, which is not committed",
            step.after.me.0
        )
    })
}
