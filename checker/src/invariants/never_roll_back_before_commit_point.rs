//! I-06, NeverRollbackBeforeCommitPoint (RaftMongo): no member goes back behind the commit point it knows of; it
//! would rather stop, and in a correct cluster it never has to.

use protocol::output::{FatalReason, Output};

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "I-06",
    name: "never roll back before commit point",
    check: Check::Step(goes_too_far_back),
};

fn goes_too_far_back(step: &Step<'_>) -> Option<String> {
    let known = step.before.commit_point.min(step.before.oplog.last());
    let too_far = |output: &Output| match output {
        Output::RollBack { to, .. } => *to < known,
        Output::Fatal(reason) => *reason == FatalReason::RollbackBeforeCommitPoint,
        _ => false,
    };
    step.outputs.iter().any(too_far).then(|| {
        format!(
            "member {} would have to roll back behind its commit point {known}",
            step.before.me.0
        )
    })
}
