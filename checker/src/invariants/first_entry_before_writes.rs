//! no client's write comes before the first entry of the term.

use protocol::output::{Content, Output};

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "R-43",
    name: "the first entry of a term comes before writes",
    check: Check::Step(writes_too_early),
};

fn writes_too_early(step: &Step<'_>) -> Option<String> {
    step.outputs.iter().find_map(|output| match output {
        Output::Append {
            content: Content::Write(_),
            entries,
        } => {
            let first = step.before.first_of_term;
            let early = entries
                .iter()
                .any(|entry| first.is_none_or(|first| *entry <= first));
            early.then(|| format!("member {} writes before it has caught up", step.after.me.0))
        }
        _ => None,
    })
}
