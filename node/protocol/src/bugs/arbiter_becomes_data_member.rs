//! R12: a reconfiguration turns an arbiter into a member with data, or the other way round.

use super::bug::Bug;
use crate::config_change::check_change;
use crate::output::Refusal;
use crate::rules::reconfigure::{
    Proposal, has_none_under_way, is_installed, is_of_my_term, is_oplog_committed, is_writable,
    may_lead_in_it, reconfigure,
};
use crate::rules::rule::Rule;
use crate::state::State;

pub(super) const BUG: Bug = Bug {
    id: "R12",
    name: "arbiter_data_flip",
    story: "`arbiterOnly` is changed in place: a member without any data counts as one that holds some, or one that holds \
            what was committed counts for it no more.",
    rules: &[Rule {
        name: "reconfigure",
        act: |context| {
            let checks = [
                is_writable,
                has_none_under_way,
                fits_but_for_arbiters,
                may_lead_in_it,
                is_of_my_term,
                is_installed,
                is_oplog_committed,
            ];
            reconfigure(context, &checks)
        },
    }],
    caught_by: &["model:R-102"],
};

fn fits_but_for_arbiters(state: &State, proposal: &Proposal<'_>) -> Option<Refusal> {
    let mut present = (*state.config).clone();
    for member in &mut present.members {
        if let Some(next) = proposal.config.member(member.id) {
            member.arbiter = next.arbiter;
        }
    }
    check_change(&present, proposal.config)
        .err()
        .map(Refusal::Incompatible)
}
