//! Links that clog one after the other and open in another order: FoundationDB's most fruitful fault.

use crate::nemesis::{
    fault::Fault,
    nemesis::{Needs, Nemesis},
    story::{self, Parts, Step, free_secondary, is_whole, primary},
    view::View,
};

/// Finds what counts on the order in which news arrives: each member learns the same past at another time.
pub const NEMESIS: Nemesis = Nemesis {
    name: "swizzle-clog",
    about: "clog what members send, one after the other, then let it through in another order",
    needs: Needs::Nothing,
    plan: story::only_as_told,
    story: &[
        Step::Name("leader", primary),
        Step::Name("left", free_secondary),
        Step::Name("right", free_secondary),
        Step::Strike("left clog", |_, view, parts| clog(view, parts, "left")),
        Step::Hold {
            least_ms: 100,
            most_ms: 700,
        },
        Step::Strike("leader clog", |_, view, parts| clog(view, parts, "leader")),
        Step::Hold {
            least_ms: 100,
            most_ms: 1_500,
        },
        Step::Strike("right clog", |_, view, parts| clog(view, parts, "right")),
        Step::Hold {
            least_ms: 300,
            most_ms: 2_000,
        },
        Step::Heal("leader clog"),
        Step::Hold {
            least_ms: 50,
            most_ms: 700,
        },
        Step::Heal("right clog"),
        Step::Hold {
            least_ms: 50,
            most_ms: 700,
        },
        Step::Heal("left clog"),
        Step::Until(is_whole),
    ],
};

/// What the member with this part sends is held back. Of two members' clogs no link is the same.
fn clog(view: &View, parts: &Parts, part: &str) -> Option<Fault> {
    let one = parts.of(part)?;
    let others = view.numbers().into_iter().filter(|other| *other != one);
    Some(Fault::Jam {
        links: others.map(|other| (one, other)).collect(),
        shape: format!("what {part} {one} sends"),
    })
}
