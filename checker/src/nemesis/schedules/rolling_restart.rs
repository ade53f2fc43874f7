//! An upgrade as an operator does it: the followers one after the other, then the primary steps down.

use crate::nemesis::{
    fault::Fault,
    nemesis::{Needs, Nemesis},
    story::{self, Parts, Step, free_secondary, is_whole, primary, primary_besides},
};

/// Finds what one version writes and the other can't read, and writes that a hand-over forgets.
pub const NEMESIS: Nemesis = Nemesis {
    name: "rolling-restart",
    about: "restart two secondaries in turn from the other binary, step the primary down, and restart it too",
    needs: Needs::Nothing,
    plan: story::only_as_told,
    story: &[
        Step::Name("leader", primary),
        Step::Name("one", free_secondary),
        Step::Name("other", free_secondary),
        Step::Strike("restart of one", |_, _, parts| swap(parts, "one")),
        Step::Heal("restart of one"),
        Step::Until(is_whole),
        Step::Strike("restart of other", |_, _, parts| swap(parts, "other")),
        Step::Heal("restart of other"),
        Step::Until(is_whole),
        Step::Strike("step down", |_, _, parts| {
            Some(Fault::StepDown {
                member: parts.of("leader")?,
                seconds: 4,
            })
        }),
        Step::Until(|view, parts| primary_besides(view, parts, "leader").is_some()),
        Step::Strike("restart of leader", |_, _, parts| swap(parts, "leader")),
        Step::Heal("restart of leader"),
        Step::Heal("step down"),
        Step::Until(is_whole),
    ],
};

fn swap(parts: &Parts, part: &str) -> Option<Fault> {
    let members = vec![parts.of(part)?];
    Some(Fault::SwapBinary { members })
}
