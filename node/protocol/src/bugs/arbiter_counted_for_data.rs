//! C07: an arbiter counts as if it held data.

use super::bug::Bug;
use crate::optime::OpTime;
use crate::rules::advance_commit_point::{advance_commit_point, counted, is_of_my_term};
use crate::rules::rule::Rule;
use crate::state::State;

pub(super) const BUG: Bug = Bug {
    id: "C07",
    name: "arbiter_counted_for_data",
    story: "Primary, secondary and arbiter, the secondary down: the primary and the arbiter acknowledge a majority \
            write that only one disk holds.",
    rules: &[Rule {
        name: "advance_commit_point",
        act: |context| advance_commit_point(context, with_arbiters, is_of_my_term),
    }],
    caught_by: &["model:I-05", "model:I-10"],
};

fn with_arbiters(state: &State, position: usize) -> OpTime {
    if state.config.members[position].arbiter {
        state.durable
    } else {
        counted(state, position)
    }
}
