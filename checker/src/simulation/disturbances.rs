//! How a simulated cluster is disturbed: the nemeses of live runs that mean something here, and a few powers
//! that only a simulator has.

use crate::nemesis::dice::Dice;
use crate::nemesis::fault::{Fault, Member};
use crate::nemesis::view::View;
use crate::nemesis::{clock, kill, partition, pause, reset_connections, shapes};

/// Draws faults to apply together.
pub type Plan = fn(&mut Dice, &View) -> Vec<Fault>;

/// Every way to disturb, with its name.
pub const DISTURBANCES: [(&str, Plan); 10] = [
    ("kill", kill::NEMESIS.plan),
    ("pause", pause::NEMESIS.plan),
    ("partition", partition::NEMESIS.plan),
    ("clock", clock::NEMESIS.plan),
    ("power", power),
    ("jam", jam),
    ("slow", slow),
    ("disk", disk),
    ("divergence", divergence),
    ("reset", reset_connections::NEMESIS.plan),
];

/// Those that make a wall clock jump: after them nobody knows how old an entry is.
pub const WRONG_CLOCKS: [&str; 2] = ["clock", "divergence"];

/// Power goes at one machine, or at all of them at once: no majority on the same circuit.
fn power(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let members = if dice.chance(300) && view.spare() >= view.running().len() {
        view.running()
    } else {
        some(dice, view).into_iter().collect()
    };
    let seed = dice.below(u64::MAX);
    let keep_permille = 500;
    one_unless_empty(members, |members| Fault::PowerLoss {
        members,
        keep_permille,
        seed,
    })
}

/// A link holds its messages and delivers them when it is over.
fn jam(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let cut = if dice.chance(500) {
        shapes::one_way(dice, view)
    } else {
        shapes::random_links(dice, view)
    };
    cut.map(|cut| Fault::Jam {
        links: cut.links,
        shape: cut.shape,
    })
    .into_iter()
    .collect()
}

fn slow(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let delay_ms = dice.exponential(5, 3_000);
    shapes::random_links(dice, view)
        .map(|cut| Fault::SlowLinks {
            links: cut.links,
            delay_ms,
            jitter_ms: delay_ms,
            bytes_per_second: None,
        })
        .into_iter()
        .collect()
}

/// A disk that is slow, or a machine that dies at a flush.
fn disk(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let Some(member) = some(dice, view) else {
        return Vec::new();
    };
    let fault = if dice.chance(500) {
        Fault::DiskSlow {
            member,
            operation: crate::nemesis::fault::DiskOperation::Sync,
            delay_ms: dice.exponential(5, 2_000),
        }
    } else {
        Fault::CrashAtSync {
            member,
            count: dice.between(1, 20),
        }
    };
    vec![fault]
}

/// Jepsen's "primary divergence": the primary is alone with its clients and its clock runs ahead.
fn divergence(dice: &mut Dice, view: &View) -> Vec<Fault> {
    let Some(primary) = dice.pick(&view.primaries()) else {
        return Vec::new();
    };
    let others: Vec<Member> = view
        .numbers()
        .into_iter()
        .filter(|member| *member != primary)
        .collect();
    let cut = shapes::two_sides("divergence", &[primary], &others);
    vec![
        Fault::Partition {
            links: cut.links,
            shape: cut.shape,
        },
        Fault::ClockJump {
            member: primary,
            offset_ms: 120_000,
        },
    ]
}

fn some(dice: &mut Dice, view: &View) -> Option<Member> {
    if view.spare() == 0 {
        return None;
    }
    dice.pick(&view.primaries())
        .filter(|_| dice.chance(400))
        .or_else(|| dice.pick(&view.running()))
}

fn one_unless_empty(members: Vec<Member>, fault: impl FnOnce(Vec<Member>) -> Fault) -> Vec<Fault> {
    if members.is_empty() {
        Vec::new()
    } else {
        vec![fault(members)]
    }
}
