//! A network that comes and goes, in the rhythm of the election timeout.

use crate::nemesis::{
    nemesis::{Needs, Nemesis},
    story::{self, Step, cut_off, is_whole, primary},
};

/// Finds members that depose each other for ever, timers that are armed twice, and answers of one cut that arrive in the next.
pub const NEMESIS: Nemesis = Nemesis {
    name: "flapping",
    about: "isolate the primary again and again, each time for about an election timeout",
    needs: Needs::Nothing,
    plan: story::only_as_told,
    story: &[
        Step::Name("first", primary),
        Step::Strike("first cut", |_, view, parts| cut_off(view, parts, "first")),
        Step::Hold {
            least_ms: 600,
            most_ms: 1600,
        },
        Step::Heal("first cut"),
        Step::Hold {
            least_ms: 50,
            most_ms: 400,
        },
        Step::Strike("second cut", |_, view, parts| cut_off(view, parts, "first")),
        Step::Hold {
            least_ms: 300,
            most_ms: 1200,
        },
        Step::Heal("second cut"),
        Step::Hold {
            least_ms: 50,
            most_ms: 300,
        },
        Step::Strike("third cut", |_, view, parts| cut_off(view, parts, "first")),
        Step::Hold {
            least_ms: 600,
            most_ms: 1600,
        },
        Step::Heal("third cut"),
        Step::Hold {
            least_ms: 50,
            most_ms: 600,
        },
        Step::Strike("fourth cut", |_, view, parts| cut_off(view, parts, "first")),
        Step::Hold {
            least_ms: 100,
            most_ms: 900,
        },
        Step::Heal("fourth cut"),
        Step::Hold {
            least_ms: 50,
            most_ms: 300,
        },
        Step::Until(is_whole),
    ],
};
