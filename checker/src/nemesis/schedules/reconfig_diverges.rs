//! A configuration that perhaps nobody but its author has heard of.

use crate::nemesis::{
    fault::Fault,
    nemesis::{Needs, Nemesis},
    row_change::RowChange,
    story::{self, Step, cut_off, free_secondary, is_whole, primary, primary_besides},
};

/// Finds configurations that are believed before they are committed, and newer ones of an older term that win over those of
/// a newer term.
pub const NEMESIS: Nemesis = Nemesis {
    name: "reconfig-diverges",
    about: "change a row and cut the primary off at once, let another one be elected, heal: one of two configurations wins",
    needs: Needs::Nothing,
    plan: story::only_as_told,
    story: &[
        Step::Name("first", primary),
        Step::Name("changed", free_secondary),
        Step::Strike("change", |dice, _, parts| {
            Some(Fault::Reconfigure {
                member: parts.of("changed")?,
                // A vote less, and the others could elect nobody.
                change: RowChange::Priority {
                    priority: dice.pick(&[0, 2, 5])?,
                },
                wait_ms: 1,
            })
        }),
        Step::Strike("isolation", |_, view, parts| cut_off(view, parts, "first")),
        Step::Until(|view, parts| primary_besides(view, parts, "first").is_some()),
        Step::Hold {
            least_ms: 100,
            most_ms: 1_000,
        },
        Step::Heal("isolation"),
        Step::Hold {
            least_ms: 100,
            most_ms: 1_000,
        },
        Step::Heal("change"),
        Step::Until(is_whole),
    ],
};
