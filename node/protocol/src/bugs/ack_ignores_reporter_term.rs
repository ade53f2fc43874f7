//! C01: positions count whatever the term of their reporter.

use super::bug::Bug;
use crate::message::Body;
use crate::rules::rule::Rule;
use crate::rules::update_position::update_position;
use crate::rules::update_term::update_term;

pub(super) const BUG: Bug = Bug {
    id: "C01",
    name: "ack_ignores_reporter_term",
    story: "A primary counts the position of a member that has already voted for a newer primary: the write is \
            acknowledged, then lost (SERVER-22136).",
    // Reports carried no term at all then: they neither ended the old term nor were they dropped for it.
    rules: &[
        Rule {
            name: "update_term",
            act: |context| update_term(context, |body| !matches!(body, Body::UpdatePosition { .. })),
        },
        Rule {
            name: "update_position",
            act: |context| update_position(context, |_, _| true),
        },
    ],
    caught_by: &["model:I-03", "model:I-10", "check:no-lost-write"],
};
