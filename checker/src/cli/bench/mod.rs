//! `checker bench`: how fast the tester is, beside its peers. One file a measurement.

mod checks;
mod history;
mod model;
mod simulation;

use super::context::Context;
use crate::record::exit::Exit;

/// Shown below the options.
const EXAMPLES: &str = "\
Examples:
  cargo run --release -p checker -- bench history --operations 10000
  cargo run --release -p checker -- bench model    beside Stateright, and TLC where it is at hand
  cargo run --release -p checker -- bench simulation";

/// Time the checks beside those of others.
///
/// Figures mean something only with optimisation: cargo run --release -p checker -- bench model
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Every check on long histories made in this run: time, memory, verdict.
    Checks(checks::Arguments),
    /// `linearizable` beside Wing-Gong-Lowe (the algorithm of Porcupine) and stateright's tester, on histories
    /// made in this run.
    History(history::Arguments),
    /// The exploration of states beside Stateright's searches, and TLC where it is at hand.
    Model(model::Arguments),
    /// Simulated time and steps of the core per second of one processor.
    Simulation(simulation::Arguments),
}

pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    if cfg!(debug_assertions) {
        context
            .console
            .warn("built without optimisation: repeat with `cargo run --release -p checker -- bench …`");
    }
    match arguments.what {
        What::Checks(arguments) => checks::execute(&arguments, context),
        What::History(arguments) => history::execute(arguments, context),
        What::Model(arguments) => model::execute(arguments, context),
        What::Simulation(arguments) => simulation::execute(&arguments, context),
    }
}
