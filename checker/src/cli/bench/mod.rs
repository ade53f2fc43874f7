//! `checker bench`: how fast the tester and the server are, beside their peers. One file a measurement.

mod checks;
mod history;
mod model;
mod node;
#[cfg(feature = "planted-bugs")]
mod search;
mod simulation;

use std::{path::PathBuf, time::SystemTime};

use super::context::Context;
use crate::{
    record::{
        SCHEMA,
        benchmark::{self, BenchmarkRecord},
        clock,
        exit::Exit,
    },
    report::write_index,
};

/// Shown below the options.
const EXAMPLES: &str = "\
Examples:
  cargo run --release -p checker -- bench history --operations 10000
  cargo run --release -p checker -- bench history --operations 10000000 --only-ours
  cargo run --release -p checker -- bench history --histories ../shared/histories
  cargo run --release -p checker -- bench model    beside Stateright, and TLC where it is at hand
  cargo run --release -p checker -- bench node     the server beside etcd and PostgreSQL
  cargo run --release -p checker -- bench simulation";

/// Time the checks beside those of others.
///
/// Figures mean something only with optimisation: cargo run --release -p checker -- bench model
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,

    /// Keep the ratios below this directory, for the trend of its index.
    #[arg(long, global = true, value_name = "DIRECTORY")]
    record: Option<PathBuf>,
}

/// How many times as long a peer took for the same.
struct Ratio {
    name: String,
    peer: String,
    ratio: f64,
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
    /// Majority-durable writes and failover of the server, beside etcd and PostgreSQL where they are installed.
    Node(node::Arguments),
    /// Guided search beside random seeds: how soon each finds planted bugs in simulations.
    #[cfg(feature = "planted-bugs")]
    Search(search::Arguments),
    /// Simulated time and steps of the core per second of one processor.
    Simulation(simulation::Arguments),
    /// Stateright's tester on one file of `bench history`: what `--stateright` starts.
    #[command(hide = true)]
    StaterightPeer(history::PeerArguments),
}

pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    if cfg!(debug_assertions) && !matches!(arguments.what, What::StaterightPeer(_)) {
        context
            .console
            .warn("built without optimisation: repeat with `cargo run --release -p checker -- bench …`");
    }
    let ratios = match arguments.what {
        #[cfg(feature = "planted-bugs")]
        What::Search(arguments) => return search::execute(&arguments, context),
        What::StaterightPeer(arguments) => return history::execute_peer(&arguments, context),
        What::Checks(arguments) => return checks::execute(&arguments, context),
        What::Simulation(arguments) => return simulation::execute(&arguments, context),
        What::History(arguments) => history::execute(arguments, context)?,
        What::Model(arguments) => model::execute(arguments, context)?,
        What::Node(arguments) => node::execute(&arguments, context)?,
    };
    if let Some(results) = arguments.record {
        let at = clock::utc_text(SystemTime::now());
        let record = |ratio: Ratio| BenchmarkRecord {
            schema: SCHEMA,
            at: at.clone(),
            name: ratio.name,
            peer: ratio.peer,
            ratio: ratio.ratio,
        };
        let records: Vec<BenchmarkRecord> = ratios.into_iter().map(record).collect();
        benchmark::append(&results, &records)?;
        write_index(&results)?;
    }
    Ok(Exit::Pass)
}
