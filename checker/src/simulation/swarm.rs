//! What one seed draws for itself before anything happens: how large, how fast, how hostile (swarm testing,
//! Groce et al., ISSTA 2012: runs that each leave something out find more than runs that do a little of all).

use std::sync::Arc;

use protocol::config::Config;
use workloads::catalogue;
use workloads::operation::{Concerns, WriteConcern};
use workloads::workload::Workload;

use super::disturbances::{DISTURBANCES, WRONG_CLOCKS};
use super::network::{KINDS, Manners};
use super::timing::Timing;
use crate::nemesis::dice::Dice;
use crate::nemesis::view::QuorumBudget;

/// Everything that shapes one simulation.
#[derive(Clone)]
pub struct Parameters {
    /// The set's first configuration.
    pub config: Arc<Config>,
    /// Machines beside those of the first configuration.
    pub spares: usize,
    /// The operator changes the configuration, too.
    pub reconfigures: bool,
    /// How long timers run.
    pub timing: Timing,
    /// How the network behaves while nobody heals it.
    pub manners: Manners,
    /// Shortest and longest flush of a disk.
    pub flush_us: (u64, u64),
    /// The longest a member waits after an input before its turn ends; 0: it ends at once.
    pub turn_us: u64,
    /// Entries in one answer to a fetch at most.
    pub batch_max: usize,
    /// Client processes.
    pub clients: u32,
    /// Shortest and longest pause of a client between two operations.
    pub think_us: (u64, u64),
    /// When a client gives up waiting.
    pub client_timeout_us: u64,
    /// What the clients do.
    pub workload: &'static Workload,
    /// How strongly they ask.
    pub concerns: Concerns,
    /// Which ways to disturb are drawn from (positions in the list of disturbances).
    pub disturbances: Vec<usize>,
    /// Mean time between two disturbances.
    pub disturb_us: u64,
    /// Longest time that one lasts.
    pub lasting_us: u64,
    /// How much of the set may be taken away at once.
    pub budget: QuorumBudget,
    /// Mean number of steps between two crashes within a step, if there are any.
    pub crash_steps: Option<u64>,
    /// Mean time between two deeds of the operator, if there is one.
    pub operator_us: Option<u64>,
    /// Wall clocks are wrong by up to this much from the start.
    pub clock_error_us: u64,
    /// How long there is trouble.
    pub chaos_us: u64,
    /// Entries that an oplog keeps at least, if there is a cap.
    pub oplog_entries: Option<usize>,
    /// Mean time between two losses of a member's data, if there are any.
    pub lose_us: Option<u64>,
}

const SECOND_US: u64 = 1_000_000;

impl Parameters {
    /// What this seed draws. `disturbances` is the number of ways to disturb that there are.
    #[must_use]
    pub fn draw(seed: u64, disturbances: usize) -> Self {
        let mut dice = Dice::new(seed, "swarm");
        let dice = &mut dice;
        // Its own stream: what is drawn elsewhere stays as it was.
        let mut loss = Dice::new(seed, "loss");
        // Dice of its own: what else a seed draws does not depend on it.
        let mut delaying = Dice::new(seed, "delay");
        let mut reconfiguring = Dice::new(seed, "reconfiguration");
        let reconfigures = reconfiguring.chance(350);
        let timing = [Timing::FAST, Timing::FAST, Timing::MODERN, Timing::LEGACY][dice.below(4) as usize];
        let election_us = timing.election_us;
        let workload = draw_workload(dice);
        let mut concerns = workload.concerns;
        if dice.chance(100) {
            concerns.write = WriteConcern::One;
        }
        let mut parameters = Self {
            config: Arc::new(draw_config(dice)),
            spares: if reconfigures {
                reconfiguring.below(3) as usize
            } else {
                0
            },
            reconfigures,
            timing,
            manners: draw_manners(dice, election_us),
            flush_us: (
                100,
                [300, 3_000, 30_000, election_us / 10][dice.below(4) as usize],
            ),
            turn_us: [0, 0, 100, 5_000][dice.below(4) as usize],
            batch_max: [1, 3, 50, 5000][dice.below(4) as usize],
            clients: dice.between(1, 5) as u32,
            think_us: {
                let shortest = dice.exponential(10_000, 1_000_000);
                (shortest, shortest * 4)
            },
            client_timeout_us: dice.between(election_us / 4, election_us * 3),
            workload,
            concerns,
            disturbances: (0..disturbances).filter(|_| dice.chance(450)).collect(),
            disturb_us: dice.between(election_us / 2, election_us * 6),
            lasting_us: dice.between(election_us / 2, election_us * 5),
            budget: if dice.chance(500) {
                QuorumBudget::Any
            } else {
                QuorumBudget::KeepMajority
            },
            crash_steps: dice.chance(600).then(|| dice.exponential(200, 20_000)),
            operator_us: match dice
                .chance(400)
                .then(|| dice.between(election_us, election_us * 8))
            {
                _ if reconfigures => Some(reconfiguring.between(election_us / 2, election_us * 4)),
                other => other,
            },
            clock_error_us: [0, 0, 2 * SECOND_US, 600 * SECOND_US][dice.below(4) as usize],
            chaos_us: election_us * dice.between(8, 40),
            oplog_entries: loss.chance(300).then(|| loss.between(2, 30) as usize),
            lose_us: loss
                .chance(300)
                .then(|| loss.between(3 * election_us, election_us * 12)),
        };
        if delaying.chance(100) {
            parameters.keep_one_behind(&mut delaying);
        }
        parameters
    }

    /// A member that never leads gets its entries late. With right clocks only: an entry that a wrong clock named
    /// hours ahead would keep it behind for hours.
    fn keep_one_behind(&mut self, dice: &mut Dice) {
        let config = Arc::make_mut(&mut self.config);
        let holders = config.members.iter().filter(|member| !member.arbiter).count();
        let last = config.members.iter_mut().rev().find(|member| !member.arbiter);
        let Some(member) = last.filter(|_| holders > 2) else {
            return;
        };
        member.priority_milli = 0;
        member.delay_secs = dice.between(1, 4) as u32;
        member.hidden = dice.chance(500);
        self.clock_error_us = 0;
        self.disturbances
            .retain(|at| !WRONG_CLOCKS.contains(&DISTURBANCES[*at].0));
    }
}

/// Workloads whose operations the simulated documents understand.
const WORKLOADS: [&str; 2] = ["register", "set"];

fn draw_workload(dice: &mut Dice) -> &'static Workload {
    let name = WORKLOADS[dice.below(WORKLOADS.len() as u64) as usize];
    catalogue::find(name).expect("the catalogue has registers and sets")
}

fn draw_config(dice: &mut Dice) -> Config {
    let members = [3, 3, 3, 3, 3, 4, 4, 5, 5, 5, 5, 2][dice.below(12) as usize];
    let mut config = Config::ordinary(members);
    let arbiters = match members {
        3 | 4 if dice.chance(250) => 1,
        5 if dice.chance(250) => dice.between(1, 2) as usize,
        _ => 0,
    };
    if dice.chance(250) {
        for member in &mut config.members[1..] {
            member.priority_milli = dice.below(3) as u32 * 1000;
        }
    }
    for member in config.members.iter_mut().rev().take(arbiters) {
        member.arbiter = true;
        member.priority_milli = 0;
    }
    if members >= 4 && dice.chance(100) {
        config.members[1].votes = false;
        config.members[1].priority_milli = 0;
    }
    config.chaining_allowed = dice.chance(850);
    config
}

fn draw_manners(dice: &mut Dice, election_us: u64) -> Manners {
    let permille = |dice: &mut Dice, most| {
        if dice.chance(500) {
            dice.exponential(1, most) as u32
        } else {
            0
        }
    };
    Manners {
        delay_us: dice.exponential(50, 20_000),
        jitter_us: dice.exponential(50, 50_000),
        late_permille: permille(dice, 200),
        late_us: election_us * 3,
        loss_permille: permille(dice, 200),
        grudge: if dice.chance(300) {
            (
                dice.below(1 << KINDS) as u16 & dice.below(1 << KINDS) as u16,
                dice.between(200, 900) as u32,
            )
        } else {
            (0, 0)
        },
        duplicate_permille: permille(dice, 100),
        ordered: dice.chance(400),
        connected: dice.chance(500),
    }
}
