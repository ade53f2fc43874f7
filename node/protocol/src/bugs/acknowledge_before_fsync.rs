//! C03: written entries are counted, durable or not.

use super::bug::Bug;
use crate::optime::OpTime;
use crate::rules::advance_commit_point::{advance_commit_point, is_of_my_term};
use crate::rules::rule::Rule;
use crate::state::State;

pub(super) const BUG: Bug = Bug {
    id: "C03",
    name: "acknowledge_before_fsync",
    story: "A majority has the entry in memory only; it is acknowledged, the majority loses power, the entry is gone \
            (Jepsen on Redis-Raft; writeConcernMajorityJournalDefault: false).",
    rules: &[Rule {
        name: "advance_commit_point",
        act: |context| advance_commit_point(context, written, is_of_my_term),
    }],
    caught_by: &["model:I-05", "model:I-10"],
};

fn written(state: &State, position: usize) -> OpTime {
    let member = &state.config.members[position];
    if member.arbiter {
        OpTime::NULL
    } else if member.id == state.me {
        state.last_written()
    } else {
        state.progress[position].map_or(OpTime::NULL, |progress| progress.written)
    }
}
