//! who is new in a set counts only when it has said that it has the data.

use protocol::config::MemberId;
use protocol::input::Input;
use protocol::message::{Body, MemberState};
use protocol::output::Output;

use super::cluster::Step;
use super::invariant::{Check, Invariant};

/// See the module.
pub const INVARIANT: Invariant = Invariant {
    id: "R-100",
    name: "new voters are marked until they have the data",
    check: Check::Step(counts_too_early),
};

fn counts_too_early(step: &Step<'_>) -> Option<String> {
    // A forced configuration asks nobody; one that came from elsewhere was another primary's to judge.
    let not_its_own = matches!(
        step.input,
        Input::Reconfig { force: true, .. } | Input::ConfigResolved { .. }
    );
    (step.before.is_primary() && !not_its_own).then_some(())?;
    step.outputs.iter().find_map(|output| match output {
        Output::PersistConfig(next) => {
            let early = next.members.iter().find(|row| {
                let before = step.before.config.member(row.id);
                let was_without = before.is_none_or(|before| before.newly_added);
                row.is_voter() && !row.arbiter && was_without && !has_said_so(step.input, row.id)
            });
            early.map(|row| format!("member {} counts and has no data yet", row.id.0))
        }
        _ => None,
    })
}

fn has_said_so(input: &Input, id: MemberId) -> bool {
    let Input::Message(message) = input else {
        return false;
    };
    match message.body {
        Body::HeartbeatResponse { state, written, .. } => {
            let synced = matches!(
                state,
                MemberState::Secondary | MemberState::Recovering | MemberState::Rollback
            );
            message.from == id && synced && !written.is_null()
        }
        _ => false,
    }
}
