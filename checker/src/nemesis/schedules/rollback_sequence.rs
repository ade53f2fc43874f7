//! A rollback, and a death in the middle of it: the states of MongoDB's own rollback tests in a row.

use crate::nemesis::{
    nemesis::{Needs, Nemesis},
    story::{self, Step, cut_off, is_whole, kill, primary, primary_besides},
};

/// Finds what a rollback forgets (documents, indexes, sessions, positions), and what a half-done one leaves behind.
pub const NEMESIS: Nemesis = Nemesis {
    name: "rollback-sequence",
    about: "isolate the primary while it is written to, let another be elected, heal; kill the first while it rolls back",
    needs: Needs::Nothing,
    plan: story::only_as_told,
    story: &[
        Step::Name("first", primary),
        Step::Strike("isolation", |_, view, parts| cut_off(view, parts, "first")),
        Step::Until(|view, parts| primary_besides(view, parts, "first").is_some()),
        Step::Hold {
            least_ms: 300,
            most_ms: 1_500,
        },
        Step::Heal("isolation"),
        // From before it notices to after it is done.
        Step::Hold {
            least_ms: 1,
            most_ms: 900,
        },
        Step::Strike("death", |_, _, parts| kill(parts, "first")),
        Step::Hold {
            least_ms: 100,
            most_ms: 1_000,
        },
        Step::Heal("death"),
        Step::Until(is_whole),
    ],
};
