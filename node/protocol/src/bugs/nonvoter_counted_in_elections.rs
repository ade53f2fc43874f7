//! E09: votes of members without a vote are asked for and counted.

use super::bug::Bug;
use crate::config::MemberSet;
use crate::message::Body;
use crate::output::Output;
use crate::rules::become_primary::{become_primary, write_first_entry};
use crate::rules::rule::{Context, Rule};
use crate::rules::stand_for_election::stand_for_election;
use crate::state::State;

pub(super) const BUG: Bug = Bug {
    id: "E09",
    name: "nonvoter_counted_in_elections",
    story: "Any members will do for a majority, those without a vote and those that still sync among them: a minority \
            of the voters elects a primary beside the other one.",
    rules: &[
        Rule {
            name: "stand_for_election",
            act: ask_everybody,
        },
        Rule {
            name: "become_primary",
            act: |context| become_primary(context, has_enough_of_any, write_first_entry),
        },
    ],
    caught_by: &["model:I-20", "model:I-01"],
};

fn has_enough_of_any(state: &State, granted: MemberSet) -> bool {
    granted.len() >= state.config.majority()
}

fn ask_everybody(context: &mut Context<'_>) -> Option<()> {
    stand_for_election(context, has_enough_of_any)?;
    let request = context.outputs.iter().rev().find_map(|output| match output {
        Output::Send(message) => match message.body {
            Body::VoteRequest { .. } => Some(message.body.clone()),
            _ => None,
        },
        _ => None,
    });
    let voteless: Vec<_> = context
        .state
        .others()
        .filter(|(position, _)| !context.state.config.members[*position].is_voter())
        .collect();
    if let Some(request) = request {
        for (_, id) in voteless {
            context.send(id, request.clone());
        }
    }
    Some(())
}
