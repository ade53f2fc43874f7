//! What a caller may ask of a simulation beside its seed.

use protocol::member::Rules;

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
    /// Parts of the trouble that are left out.
    pub without: Without,
    /// Write each member's steps as JSON lines.
    pub trace: bool,
    /// Record every choice, to play the run again without dice.
    pub record: bool,
    /// Judge the clients' history at the end.
    pub judge: bool,
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
            without: Without::default(),
            trace: false,
            record: false,
            judge: true,
        }
    }
}

impl Options {
    /// Cuts back what a seed has drawn.
    pub fn limit(&self, parameters: &mut Parameters) {
        let without = self.without;
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
