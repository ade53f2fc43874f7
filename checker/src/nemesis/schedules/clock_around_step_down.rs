//! A clock that jumps while its primary hands over.

use crate::nemesis::{
    fault::Fault,
    nemesis::{Needs, Nemesis},
    story::{self, Step, is_whole, primary, primary_besides},
};

/// Timestamps of the new term must still be above all of the old one, and the promise not to stand for election must not
/// end early (or never) because the wall clock said so.
pub const NEMESIS: Nemesis = Nemesis {
    name: "clock-around-step-down",
    about: "jump the clock of the primary, ask it to step down, and set the clock right when another one leads",
    needs: Needs::Shim,
    plan: story::only_as_told,
    story: &[
        Step::Name("first", primary),
        Step::Strike("jump", |dice, _, parts| {
            let magnitude = dice.exponential(1_000, 7_200_000) as i64;
            let offset_ms = if dice.chance(500) { -magnitude } else { magnitude };
            Some(Fault::ClockJump {
                member: parts.of("first")?,
                offset_ms,
            })
        }),
        Step::Hold {
            least_ms: 100,
            most_ms: 1_500,
        },
        Step::Strike("step down", |_, _, parts| {
            Some(Fault::StepDown {
                member: parts.of("first")?,
                seconds: 3,
            })
        }),
        Step::Until(|view, parts| primary_besides(view, parts, "first").is_some()),
        Step::Hold {
            least_ms: 100,
            most_ms: 1_500,
        },
        Step::Heal("jump"),
        Step::Heal("step down"),
        Step::Until(is_whole),
    ],
};
