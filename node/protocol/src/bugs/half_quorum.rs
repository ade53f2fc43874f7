//! E08: half of the votes are enough.

use super::bug::Bug;
use crate::config::MemberSet;
use crate::rules::become_primary::{become_primary, write_first_entry};
use crate::rules::rule::Rule;
use crate::rules::stand_for_election::stand_for_election;
use crate::state::State;

pub(super) const BUG: Bug = Bug {
    id: "E08",
    name: "half_quorum",
    story: "With an even number of voters, two halves elect a primary each in one term (Elasticsearch's \
            minimum_master_nodes, #2488).",
    rules: &[
        Rule {
            name: "stand_for_election",
            act: |context| stand_for_election(context, has_half),
        },
        Rule {
            name: "become_primary",
            act: |context| become_primary(context, has_half, write_first_entry),
        },
    ],
    caught_by: &["model:I-01"],
};

fn has_half(state: &State, granted: MemberSet) -> bool {
    let voters = state
        .config
        .members
        .iter()
        .enumerate()
        .filter(|(_, member)| member.is_voter());
    let votes = voters.filter(|(position, _)| granted.contains(*position)).count();
    2 * votes >= state.config.voters()
}
