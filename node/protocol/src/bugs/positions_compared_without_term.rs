//! C05: positions are compared by timestamp alone.

use super::bug::Bug;
use crate::optime::OpTime;
use crate::rules::advance_commit_point::{advance_commit_point, counted, is_of_my_term};
use crate::rules::rule::Rule;
use crate::state::State;

pub(super) const BUG: Bug = Bug {
    id: "C05",
    name: "positions_compared_without_term",
    story: "A member on the old branch has a timestamp as high as the new primary's entry, and is counted for it \
            (SERVER-27053).",
    rules: &[Rule {
        name: "advance_commit_point",
        act: |context| advance_commit_point(context, as_if_of_my_term, is_of_my_term),
    }],
    caught_by: &["model:I-05", "model:I-10"],
};

fn as_if_of_my_term(state: &State, position: usize) -> OpTime {
    let reached = counted(state, position);
    if reached.is_null() {
        return reached;
    }
    OpTime {
        term: state.term,
        ts: reached.ts.min(state.last_written().ts),
    }
}
