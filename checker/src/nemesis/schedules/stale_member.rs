//! A member that was away for longer than any oplog remembers.

use crate::nemesis::{
    fault::Fault,
    nemesis::{Needs, Nemesis},
    story::{self, Step, free_secondary, is_whole, kill, primary},
    view::Role,
};

/// Finds members that go on after a hole in their history instead of saying that they are too stale.
pub const NEMESIS: Nemesis = Nemesis {
    name: "stale-member",
    about: "one-megabyte oplogs: kill a secondary until nobody has what it missed; it must say so, and copy all data when asked",
    needs: Needs::TinyOplog,
    plan: story::only_as_told,
    story: &[
        Step::Name("leader", primary),
        Step::Name("away", free_secondary),
        Step::Strike("absence", |_, _, parts| kill(parts, "away")),
        Step::Strike("load", |_, _, _| {
            Some(Fault::FillOplog {
                megabytes: OUTGROWN_MEGABYTES,
            })
        }),
        Step::Heal("load"),
        Step::Hold {
            least_ms: 100,
            most_ms: 1_000,
        },
        Step::Heal("absence"),
        Step::Until(|view, parts| {
            let away = parts.of("away").map(|member| view.members[usize::from(member)]);
            away.is_some_and(|away| away.role == Role::Recovering)
        }),
        Step::Hold {
            least_ms: 100,
            most_ms: 2_000,
        },
        Step::Strike("copy", |_, _, parts| {
            let member = parts.of("away")?;
            Some(Fault::Resync { member })
        }),
        Step::Heal("copy"),
        Step::Until(is_whole),
    ],
};

/// A one-megabyte oplog is kept in files of some megabytes, of which the oldest goes when the others suffice.
const OUTGROWN_MEGABYTES: u32 = 24;
