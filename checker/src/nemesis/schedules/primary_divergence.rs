//! Two branches, and the shorter-lived one is not heard: Jepsen's "primary divergence".

use crate::nemesis::{
    nemesis::{Needs, Nemesis},
    story::{self, Step, cut_off, is_whole, kill, primary, primary_besides},
};

/// Finds whatever decides by length, by clock or by hearsay which branch wins: acknowledgements counted across branches
/// (SERVER-27053), votes without a log check, commit points of the wrong branch (SERVER-27123).
pub const NEMESIS: Nemesis = Nemesis {
    name: "primary-divergence",
    about: "isolate the primary, let a second one be elected and written to, kill it, heal the first; then let the second return",
    needs: Needs::Nothing,
    plan: story::only_as_told,
    story: &[
        Step::Name("first", primary),
        Step::Strike("isolation", |_, view, parts| cut_off(view, parts, "first")),
        Step::Until(|view, parts| primary_besides(view, parts, "first").is_some()),
        Step::Name("second", |_, view, parts| primary_besides(view, parts, "first")),
        Step::Hold {
            least_ms: 20,
            most_ms: 900,
        },
        Step::Strike("death", |_, _, parts| kill(parts, "second")),
        Step::Heal("isolation"),
        // Long enough for an election between those who have not seen what the second wrote.
        Step::Hold {
            least_ms: 1_500,
            most_ms: 4_000,
        },
        Step::Heal("death"),
        Step::Until(is_whole),
    ],
};
