//! R05: a new primary changes a configuration that does not carry its term.

use super::bug::Bug;
use crate::rules::reconfigure::{
    fits_the_present, has_none_under_way, is_installed, is_oplog_committed, is_writable, may_lead_in_it,
    reconfigure,
};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "R05",
    name: "no_config_term_bump",
    story: "Two primaries, of an older and of a newer term, each change one vote of the same configuration: the two results \
            do not overlap (the flaw of Raft's single-server changes, Ongaro 2015).",
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
                    is_oplog_committed,
                ];
                reconfigure(context, &checks)
            },
        },
    ],
    caught_by: &["model:I-16", "model:I-01", "model:I-03"],
};
