//! Q04: a majority read sees the newest data.

use super::bug::Bug;
use crate::output::ReadPoint;
use crate::rules::answer_read::{answer_read, prove};
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "Q04",
    name: "majority_read_of_latest",
    story: "A read with read concern majority returns what is not committed and may be rolled back (Jepsen on \
            MongoDB 2.6.7, SERVER-18022).",
    rules: &[Rule {
        name: "answer_read",
        act: |context| answer_read(context, |_| ReadPoint::Latest, prove),
    }],
    caught_by: &["model:I-11", "check:no-dirty-read"],
};
