//! R03: one reconfiguration may change any number of votes.

use super::bug::Bug;
use crate::config_change::Incompatible;
use crate::output::Refusal;
use crate::rules::reconfigure::{
    Proposal, fits_the_present, has_none_under_way, is_installed, is_of_my_term, is_oplog_committed,
    is_writable, may_lead_in_it, reconfigure,
};
use crate::rules::rule::Rule;
use crate::state::State;

pub(super) const BUG: Bug = Bug {
    id: "R03",
    name: "many_votes_changed_at_once",
    story: "Two voters leave at once: the old configuration has a majority that none of the new ones has a member of \
            (Raft §6; RethinkDB's reconfiguration, Jepsen 2.2.3).",
    rules: &[Rule {
        name: "reconfigure",
        act: |context| {
            let checks = [
                is_writable,
                has_none_under_way,
                fits_but_for_votes,
                may_lead_in_it,
                is_of_my_term,
                is_installed,
                is_oplog_committed,
            ];
            reconfigure(context, &checks)
        },
    }],
    caught_by: &["model:I-16", "model:I-01"],
};

fn fits_but_for_votes(state: &State, proposal: &Proposal<'_>) -> Option<Refusal> {
    let many = Refusal::Incompatible(Incompatible::ManyVotes);
    fits_the_present(state, proposal).filter(|refusal| *refusal != many)
}
