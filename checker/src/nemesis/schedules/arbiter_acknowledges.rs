//! A vote is no copy: what the arbiter "has" is gone with the primary.

use crate::nemesis::{
    nemesis::{Needs, Nemesis},
    story::{self, Step, cut_off, free_secondary, is_whole, kill, primary, primary_besides},
};

/// Finds arbiters that are counted for data (C07): with every secondary dead nothing may be acknowledged by a majority, and
/// if it is, the secondary that leads next has never seen it.
pub const NEMESIS: Nemesis = Nemesis {
    name: "arbiter-acknowledges",
    about: "of primary, secondary and arbiter kill the secondary, cut the primary off, let the secondary lead; heal",
    needs: Needs::Arbiter,
    plan: story::only_as_told,
    story: &[
        Step::Name("leader", primary),
        Step::Name("follower", free_secondary),
        Step::Strike("death", |_, _, parts| kill(parts, "follower")),
        Step::Hold {
            least_ms: 500,
            most_ms: 1_500,
        },
        Step::Strike("isolation", |_, view, parts| cut_off(view, parts, "leader")),
        Step::Heal("death"),
        Step::Until(|view, parts| primary_besides(view, parts, "leader").is_some()),
        Step::Hold {
            least_ms: 500,
            most_ms: 1_500,
        },
        Step::Heal("isolation"),
        Step::Until(is_whole),
    ],
};
