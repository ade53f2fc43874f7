//! The majority that has acknowledged loses power together, and who comes back first knows nothing of it.

use crate::nemesis::{
    fault::Fault,
    nemesis::{Needs, Nemesis},
    story::{self, Step, cut_off, free_secondary, is_whole, primary, slow_sync},
};

/// Finds acknowledgements that rested on memory (C03, C04): nobody but the majority had them, and its power is gone. A
/// correct set has lost nothing, whoever returns first.
pub const NEMESIS: Nemesis = Nemesis {
    name: "old-majority-loses-power",
    about: "cut one member off, write to the others on slow disks, take their power all at once, and give the member back first",
    needs: Needs::UndoJournal,
    plan: story::only_as_told,
    story: &[
        Step::Name("leader", primary),
        Step::Name("lonely", free_secondary),
        Step::Name("other", free_secondary),
        Step::Strike("isolation", |_, view, parts| cut_off(view, parts, "lonely")),
        // An fsync that takes a millisecond is hardly ever under way when the power goes.
        Step::Strike("slow leader", |dice, _, parts| slow_sync(dice, parts, "leader")),
        Step::Strike("slow other", |dice, _, parts| slow_sync(dice, parts, "other")),
        Step::Hold {
            least_ms: 300,
            most_ms: 1_500,
        },
        Step::Strike("dark", |dice, view, parts| {
            let lonely = parts.of("lonely")?;
            Some(Fault::PowerLoss {
                members: view
                    .running()
                    .into_iter()
                    .filter(|member| *member != lonely)
                    .collect(),
                keep_permille: dice.pick(&[0, 0, 500]).unwrap_or(0),
                seed: dice.below(u64::MAX),
            })
        }),
        Step::Heal("isolation"),
        Step::Hold {
            least_ms: 100,
            most_ms: 1_500,
        },
        Step::Heal("dark"),
        Step::Heal("slow leader"),
        Step::Heal("slow other"),
        Step::Until(is_whole),
    ],
};
