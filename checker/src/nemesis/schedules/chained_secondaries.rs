//! A secondary that hears of the primary through another secondary only.

use crate::nemesis::{
    fault::Fault,
    nemesis::{Needs, Nemesis},
    story::{self, Step, free_secondary, is_whole, kill, primary},
};

/// Finds positions and commit points that get lost or are believed too much on the way (SERVER-39831), sync sources that form
/// a circle (SERVER-58988), and chains that nobody leaves when their middle stands still.
pub const NEMESIS: Nemesis = Nemesis {
    name: "chained-secondaries",
    about: "cut one secondary off from the primary, so that it syncs from the other; pause the other, then kill the primary",
    needs: Needs::Nothing,
    plan: story::only_as_told,
    story: &[
        Step::Name("leader", primary),
        Step::Name("end", free_secondary),
        Step::Name("middle", free_secondary),
        Step::Strike("chain", |_, _, parts| {
            let (leader, end) = (parts.of("leader")?, parts.of("end")?);
            Some(Fault::Partition {
                links: vec![(leader, end), (end, leader)],
                shape: format!("chain {leader} - others - {end}"),
            })
        }),
        Step::Hold {
            least_ms: 1_500,
            most_ms: 3_000,
        },
        Step::Strike("stuck", |_, _, parts| {
            let members = vec![parts.of("middle")?];
            Some(Fault::Pause { members })
        }),
        Step::Hold {
            least_ms: 100,
            most_ms: 700,
        },
        Step::Heal("stuck"),
        Step::Hold {
            least_ms: 200,
            most_ms: 1_000,
        },
        Step::Strike("death", |_, _, parts| kill(parts, "leader")),
        Step::Hold {
            least_ms: 500,
            most_ms: 2_500,
        },
        Step::Heal("chain"),
        Step::Heal("death"),
        Step::Until(is_whole),
    ],
};
