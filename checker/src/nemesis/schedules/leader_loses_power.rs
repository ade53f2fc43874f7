//! The primary has counted itself, and its own disk was the only one that had not been asked.

use crate::nemesis::{
    fault::Fault,
    nemesis::{Needs, Nemesis},
    story::{self, Step, cut_off, free_secondary, is_whole, kill, primary, slow_sync},
};

/// Finds a primary that counts what it has written before it is durable (C04): its power goes, the one secondary that
/// had the entry is down, and the two that have never seen it, or not any more, make the majority.
pub const NEMESIS: Nemesis = Nemesis {
    name: "leader-loses-power",
    about: "cut one secondary off, take the slow-disked primary's power, kill the other secondary, heal the first two",
    needs: Needs::UndoJournal,
    plan: story::only_as_told,
    story: &[
        Step::Name("leader", primary),
        Step::Name("lonely", free_secondary),
        Step::Name("other", free_secondary),
        Step::Strike("isolation", |_, view, parts| cut_off(view, parts, "lonely")),
        Step::Strike("slow leader", |dice, _, parts| slow_sync(dice, parts, "leader")),
        Step::Hold {
            least_ms: 300,
            most_ms: 1_200,
        },
        Step::Strike("dark", |dice, _, parts| {
            Some(Fault::PowerLoss {
                members: vec![parts.of("leader")?],
                keep_permille: 0,
                seed: dice.below(u64::MAX),
            })
        }),
        Step::Strike("death", |_, _, parts| kill(parts, "other")),
        Step::Heal("isolation"),
        Step::Heal("dark"),
        Step::Heal("slow leader"),
        // Long enough for the two to elect one of them and to write.
        Step::Hold {
            least_ms: 2_000,
            most_ms: 4_000,
        },
        Step::Heal("death"),
        Step::Until(is_whole),
    ],
};
