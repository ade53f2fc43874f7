//! A member is removed while it can't hear of it.

use crate::nemesis::{
    fault::Fault,
    nemesis::{Needs, Nemesis},
    row_change::RowChange,
    story::{self, Step, cut_off, free_secondary, is_whole, primary},
};

/// Finds members that go on voting by a configuration in which they still are, and sets that two majorities of two
/// configurations lead (the bug of Raft's single-server changes).
pub const NEMESIS: Nemesis = Nemesis {
    name: "reconfig-under-partition",
    about: "cut one secondary off, remove it from the set, let it be heard again while it believes to be a member, add it again",
    needs: Needs::Nothing,
    plan: story::only_as_told,
    story: &[
        Step::Name("leader", primary),
        Step::Name("absent", free_secondary),
        Step::Strike("isolation", |_, view, parts| cut_off(view, parts, "absent")),
        Step::Hold {
            least_ms: 100,
            most_ms: 1_500,
        },
        Step::Strike("removal", |_, _, parts| {
            Some(Fault::Reconfigure {
                member: parts.of("absent")?,
                change: RowChange::Remove,
                wait_ms: 4_000,
            })
        }),
        // Long enough for it to stand for election, alone.
        Step::Hold {
            least_ms: 500,
            most_ms: 2_500,
        },
        Step::Heal("isolation"),
        Step::Hold {
            least_ms: 200,
            most_ms: 2_000,
        },
        Step::Heal("removal"),
        Step::Until(is_whole),
    ],
};
