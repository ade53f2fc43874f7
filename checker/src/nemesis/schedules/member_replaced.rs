//! A member leaves, and another machine takes its seat.

use crate::nemesis::{
    fault::Fault,
    nemesis::{Needs, Nemesis},
    row_change::RowChange,
    story::{self, Step, free_secondary, is_whole, kill, primary},
};

/// Finds a newcomer that is counted before it has the data: it is added without any, and the primary that added it
/// dies at once.
pub const NEMESIS: Nemesis = Nemesis {
    name: "member-replaced",
    about: "remove a secondary, empty its machine, add it again, and kill the primary while the newcomer copies the data",
    needs: Needs::Nothing,
    plan: story::only_as_told,
    story: &[
        Step::Name("leader", primary),
        Step::Name("leaving", free_secondary),
        Step::Strike("removal", |_, _, parts| {
            Some(Fault::Reconfigure {
                member: parts.of("leaving")?,
                change: RowChange::Remove,
                wait_ms: 4_000,
            })
        }),
        Step::Hold {
            least_ms: 100,
            most_ms: 1_500,
        },
        Step::Strike("new machine", |_, _, parts| {
            let member = parts.of("leaving")?;
            Some(Fault::WipeData { member })
        }),
        Step::Heal("new machine"),
        Step::Hold {
            least_ms: 100,
            most_ms: 500,
        },
        Step::Heal("removal"),
        Step::Hold {
            least_ms: 1,
            most_ms: 400,
        },
        Step::Strike("death", |_, _, parts| kill(parts, "leader")),
        Step::Hold {
            least_ms: 300,
            most_ms: 2_000,
        },
        Step::Heal("death"),
        Step::Until(is_whole),
    ],
};
