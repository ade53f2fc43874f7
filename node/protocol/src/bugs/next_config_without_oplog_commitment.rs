//! R04: the next configuration does not wait until a majority of the present one has what was committed before.

use super::bug::Bug;
use crate::rules::reconfigure::{
    fits_the_present, has_none_under_way, is_installed, is_of_my_term, is_writable, may_lead_in_it,
    reconfigure,
};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "R04",
    name: "next_config_without_oplog_commitment",
    story: "What two of three voters have is committed; voters are added until a majority can be had without those two: \
            it elects a primary that lacks it (C2 of logless reconfiguration).",
    rules: &[Rule {
        name: "reconfigure",
        act: |context| {
            let checks = [
                is_writable,
                has_none_under_way,
                fits_the_present,
                may_lead_in_it,
                is_of_my_term,
                is_installed,
            ];
            reconfigure(context, &checks)
        },
    }],
    caught_by: &["model:I-03", "model:I-10"],
};
