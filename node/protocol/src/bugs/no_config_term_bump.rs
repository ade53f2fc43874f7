//! R05: a new primary does not make the configuration its own before it changes it.

use super::bug::Bug;
use crate::output::Refusal;
use crate::rules::advance_commit_point::{counted, majority_point};
use crate::rules::reconfigure::{
    Proposal, fits_the_present, has_none_under_way, is_installed, is_writable, may_lead_in_it, reconfigure,
};
use crate::rules::rule::Rule;
use crate::state::State;

pub(super) const BUG: Bug = Bug {
    id: "R05",
    name: "no_config_term_bump",
    story: "Two primaries, of an older and a newer term, each change the same configuration by one vote before anything of \
            their own term is committed: the two results do not overlap (the flaw of Raft's single-server changes, \
            Ongaro on raft-dev, 2015).",
    rules: &[
        Rule {
            name: "update_config_term",
            act: |_| None,
        },
        Rule {
            name: "reconfigure",
            act: |context| {
                let checks = [
                    is_writable,
                    has_none_under_way,
                    fits_the_present,
                    may_lead_in_it,
                    is_installed,
                    has_what_was_inherited,
                ];
                reconfigure(context, &checks)
            },
        },
    ],
    caught_by: &["model:I-16", "model:I-01", "model:I-03"],
};

fn has_what_was_inherited(state: &State, _: &Proposal<'_>) -> Option<Refusal> {
    (majority_point(state, counted) < state.inherited).then_some(Refusal::CurrentConfigNotCommittedYet)
}
