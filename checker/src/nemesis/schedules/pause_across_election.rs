//! A primary that sleeps through the election of its successor.

use crate::nemesis::{
    fault::Fault,
    nemesis::{Needs, Nemesis},
    story::{self, Step, is_whole, primary, primary_besides},
};

/// It wakes with every lease and timer in its favour: what it answers in that instant must not be a stale read
/// (etcd #20418, TiKV #964, SERVER-17975).
pub const NEMESIS: Nemesis = Nemesis {
    name: "pause-across-election",
    about: "pause the primary until another one is elected and written to, then let it go on",
    needs: Needs::Nothing,
    plan: story::only_as_told,
    story: &[
        Step::Name("first", primary),
        Step::Strike("sleep", |_, _, parts| {
            let members = vec![parts.of("first")?];
            Some(Fault::Pause { members })
        }),
        Step::Until(|view, parts| primary_besides(view, parts, "first").is_some()),
        Step::Hold {
            least_ms: 200,
            most_ms: 2_000,
        },
        Step::Heal("sleep"),
        Step::Hold {
            least_ms: 300,
            most_ms: 1_000,
        },
        Step::Until(is_whole),
    ],
};
