//! What a caller may ask of a simulation beside its seed.

use std::sync::Arc;
use std::time::Duration;

use protocol::config::Config;
use protocol::member::Rules;

use super::guided::FORKS_MAX;
use super::swarm::Parameters;

/// Options of one simulation.
#[derive(Clone, Copy)]
pub struct Options {
    /// The protocol, or the protocol with a planted bug.
    pub rules: Rules,
    /// Trouble lasts at most this long (virtual microseconds).
    pub chaos_us_max: u64,
    /// At most so many client processes.
    pub clients_max: u32,
    /// So many ordinary members and clients instead of what the seed draws.
    pub size: Option<Size>,
    /// Parts of the trouble that are left out.
    pub without: Without,
    /// Write each member's steps as JSON lines.
    pub trace: bool,
    /// Record every choice, to play the run again without dice.
    pub record: bool,
    /// Judge the clients' history at the end.
    pub judge: bool,
    /// Note what is reached, for a guided search.
    pub cover: bool,
    /// When dice are thrown anew, in order: a schedule of a guided search.
    pub forks: [Option<Fork>; FORKS_MAX],
    /// After so many steps of the core the run ends as unknown: a wrong core may turn in circles within one seed.
    pub steps_max: u64,
    /// The same after so much processor time. The only thing here that depends on the machine, and only by giving up.
    pub processor_time_max: Duration,
}

/// How large a set is, and how many clients it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Members, each with one vote.
    pub members: u8,
    /// Client processes.
    pub clients: u32,
}

/// Steps of one seed at most: fifty times what the longest of thousands of seeds of the correct core takes.
pub const STEPS_MAX: u64 = 20_000_000;

/// Processor time of one seed at most.
pub const PROCESSOR_TIME_MAX: Duration = Duration::from_secs(60);

/// A moment at which dice are thrown anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fork {
    /// Virtual time.
    pub at_us: u64,
    /// Where the new dice come from.
    pub seed: u64,
    /// Which.
    pub redrawn: Redrawn,
}

/// What is drawn anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redrawn {
    /// Which faults strike whom, in which order.
    Faults,
    /// How long messages take, and which are lost.
    Network,
    /// Both, and all else.
    Everything,
}

/// What is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Without {
    /// No faults of the nemeses.
    pub disturbances: bool,
    /// No deaths within a step.
    pub crashes: bool,
    /// No operator.
    pub operator: bool,
    /// No message is lost.
    pub loss: bool,
    /// No message comes twice.
    pub duplication: bool,
    /// No message is much later than others, none overtakes another.
    pub reordering: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            chaos_us_max: u64::MAX,
            clients_max: u32::MAX,
            size: None,
            without: Without::default(),
            trace: false,
            record: false,
            judge: true,
            cover: false,
            forks: [None; FORKS_MAX],
            steps_max: STEPS_MAX,
            processor_time_max: PROCESSOR_TIME_MAX,
        }
    }
}

impl Options {
    /// Cuts back what a seed has drawn.
    pub fn limit(&self, parameters: &mut Parameters) {
        let without = self.without;
        if let Some(Size { members, clients }) = self.size {
            parameters.config = Arc::new(Config::ordinary(members));
            parameters.clients = clients;
        }
        parameters.chaos_us = parameters.chaos_us.min(self.chaos_us_max);
        parameters.clients = parameters.clients.min(self.clients_max);
        if without.disturbances {
            parameters.disturbances.clear();
        }
        if without.crashes {
            parameters.crash_steps = None;
        }
        if without.operator {
            parameters.operator_us = None;
            parameters.lose_us = None;
            (parameters.reconfigures, parameters.spares) = (false, 0);
        }
        if without.loss {
            parameters.manners.loss_permille = 0;
            parameters.manners.grudge = (0, 0);
        }
        if without.duplication {
            parameters.manners.duplicate_permille = 0;
        }
        if without.reordering {
            parameters.manners.late_permille = 0;
            parameters.manners.ordered = true;
        }
    }
}
