//! Q18: an answer to an earlier question proves a later read.

use super::bug::Bug;
use crate::message::Body;
use crate::rules::prove_read::{is_proven, prove_read};
use crate::rules::rule::{Context, Rule};
use crate::state::WaitingRead;

pub(super) const BUG: Bug = Bug {
    id: "Q18",
    name: "old_answer_proves_read",
    story: "Whoever says that it knows no newer term is counted for every read that waits, also when it was asked before \
            the value was taken: its answer comes late, it has elected another primary since, and that one has \
            acknowledged what the read missed (the read index of Raft without its context, etcd's raft `readOnly`).",
    rules: &[Rule {
        name: "prove_read",
        act: |context| prove_read(context, counts_any, is_proven),
    }],
    caught_by: &["model:I-12"],
};

fn counts_any(context: &Context<'_>, _read: &WaitingRead) -> bool {
    let state = &*context.state;
    context.message().is_some_and(|message| {
        matches!(message.body, Body::ReadIndexResponse { asked, .. }
            if asked == state.term && message.term == state.term)
    })
}
