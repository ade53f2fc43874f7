//! C12: a majority write is acknowledged as soon as the primary has it.

use super::bug::Bug;
use crate::rules::acknowledge_write::acknowledge_write;
use crate::rules::rule::Rule;

pub(super) const BUG: Bug = Bug {
    id: "C12",
    name: "early_acknowledgement",
    story: "The client asked for a majority and hears \"done\" when the primary alone has the write: after a \
            failover it is gone (Jepsen's MongoDB 2.4.3 analysis).",
    rules: &[Rule {
        name: "acknowledge_write",
        act: |context| acknowledge_write(context, |_, _| true),
    }],
    caught_by: &["model:I-10", "check:no-lost-write", "check:linearizable"],
};
