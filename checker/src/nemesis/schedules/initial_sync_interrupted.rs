//! A copy of the data that is interrupted at both ends.

use crate::nemesis::{
    fault::Fault,
    nemesis::{Needs, Nemesis},
    story::{self, Parts, Step, free_secondary, is_whole, kill, primary},
    view::{Role, View},
};

/// Finds half a clone that is taken for a whole one, and a copying member that votes or is counted (C13, C14): first it dies
/// in the middle, then whom it copies from.
pub const NEMESIS: Nemesis = Nemesis {
    name: "initial-sync-interrupted",
    about: "empty one secondary; over a narrow network it copies the data anew: kill it in the middle, then its source",
    needs: Needs::TinyOplog,
    plan: story::only_as_told,
    story: &[
        Step::Name("source", primary),
        Step::Name("copier", free_secondary),
        // Something to copy (a workload alone writes little), and oplogs from which nobody can start with nothing.
        Step::Strike("load", |_, _, _| Some(Fault::FillOplog { megabytes: 24 })),
        Step::Heal("load"),
        Step::Strike("narrow", |_, view, parts| {
            let copier = parts.of("copier")?;
            let others = view.numbers().into_iter().filter(|other| *other != copier);
            Some(Fault::SlowLinks {
                links: others.map(|other| (other, copier)).collect(),
                delay_ms: 5,
                jitter_ms: 5,
                bytes_per_second: Some(NARROW_BYTES_PER_SECOND),
            })
        }),
        Step::Strike("loss", |_, _, parts| {
            let member = parts.of("copier")?;
            Some(Fault::WipeData { member })
        }),
        Step::Heal("loss"),
        Step::Until(is_copying),
        Step::Hold {
            least_ms: 100,
            most_ms: 2_500,
        },
        Step::Strike("copier dies", |_, _, parts| kill(parts, "copier")),
        Step::Hold {
            least_ms: 100,
            most_ms: 500,
        },
        Step::Heal("copier dies"),
        Step::Until(is_copying),
        Step::Hold {
            least_ms: 100,
            most_ms: 2_500,
        },
        Step::Strike("source dies", |_, _, parts| kill(parts, "source")),
        Step::Hold {
            least_ms: 500,
            most_ms: 2_000,
        },
        Step::Heal("source dies"),
        Step::Heal("narrow"),
        Step::Until(is_whole),
    ],
};

/// The load's four megabytes take seconds at this rate, and heartbeats still come in time.
const NARROW_BYTES_PER_SECOND: u64 = 700_000;

/// It runs, was heard, and is neither primary nor secondary.
fn is_copying(view: &View, parts: &Parts) -> bool {
    let copier = parts.of("copier").map(|member| view.members[usize::from(member)]);
    copier.is_some_and(|copier| copier.role == Role::Copying)
}
