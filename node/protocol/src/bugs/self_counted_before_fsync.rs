//! C04: the primary counts its own entries before they are on its disk.

use super::bug::Bug;
use crate::optime::OpTime;
use crate::rules::advance_commit_point::{advance_commit_point, counted, is_of_my_term};
use crate::rules::rule::Rule;
use crate::state::State;

pub(super) const BUG: Bug = Bug {
    id: "C04",
    name: "self_counted_before_fsync",
    story: "The others flush, the primary does not, and counts itself all the same: it loses power, and a majority \
            is a majority no more (etcd's rule that a leader acknowledges itself after stable storage).",
    rules: &[Rule {
        name: "advance_commit_point",
        act: |context| advance_commit_point(context, written_here, is_of_my_term),
    }],
    caught_by: &["model:I-05", "model:I-10"],
};

fn written_here(state: &State, position: usize) -> OpTime {
    if state.config.members[position].id == state.me {
        state.last_written()
    } else {
        counted(state, position)
    }
}
