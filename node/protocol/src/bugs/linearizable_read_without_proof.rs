//! Q01: a linearizable read is answered like a local one.

use super::bug::Bug;
use crate::output::{Outcome, Output};
use crate::rules::answer_read::{answer_read, majority_point};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "Q01",
    name: "linearizable_read_without_proof",
    story: "A primary that was deposed without knowing it answers from its own data, after the new one has \
            acknowledged a write (Jepsen on MongoDB 2.6.7, SERVER-17975).",
    rules: &[Rule {
        name: "answer_read",
        act: |context| {
            answer_read(context, majority_point, |context, id| {
                context.out(Output::Complete {
                    id,
                    outcome: Outcome::Done,
                });
            })
        },
    }],
    caught_by: &["model:I-12", "simulate:I-10", "check:linearizable"],
};
