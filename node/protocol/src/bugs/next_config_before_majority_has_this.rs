//! R01: the next configuration does not wait until a majority has the present one.

use super::bug::Bug;
use crate::rules::reconfigure::{
    fits_the_present, has_none_under_way, is_of_my_term, is_oplog_committed, is_writable, may_lead_in_it,
    reconfigure,
};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "R01",
    name: "next_config_before_majority_has_this",
    story: "The primary changes one vote after the other, and nobody has heard of any of it: the others elect a primary \
            in the first configuration, the old primary is one in the last (C1 of logless reconfiguration).",
    rules: &[Rule {
        name: "reconfigure",
        act: |context| {
            let checks = [
                is_writable,
                has_none_under_way,
                fits_the_present,
                may_lead_in_it,
                is_of_my_term,
                is_oplog_committed,
            ];
            reconfigure(context, &checks)
        },
    }],
    caught_by: &["model:I-16", "model:I-01"],
};
