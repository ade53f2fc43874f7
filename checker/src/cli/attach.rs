//! `checker attach`: workloads and checks on a set that is already there.

use std::{path::PathBuf, time::Duration};

use clap::{builder::PossibleValuesParser, value_parser};
use workloads::catalogue::{self, WORKLOADS};

use super::{context::Context, seed, tell};
use crate::{
    record::exit::Exit,
    run::{
        attached::Attached,
        interrupt::Interrupter,
        scenario::{Cast, Scenario},
    },
};

/// Shown below the options.
const EXAMPLES: &str = "\
Examples:
  checker attach mongodb://localhost:27017
  checker attach 'mongodb://a:27017,b:27017/?replicaSet=rs0' --workload register,list-append --time-limit 60";

/// Ask a replica set that somebody else runs, without disturbing it, and prove what the clients saw.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Where any of its members is: mongodb://HOST:PORT
    uri: String,

    /// Draw requests from this seed (default: a new one).
    #[arg(long)]
    seed: Option<u64>,

    /// How many seconds clients ask.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = value_parser!(u64).range(5..=86_400))]
    time_limit: u64,

    /// What the clients ask.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_values_t = Cast::WORKLOADS.map(str::to_owned), value_parser = PossibleValuesParser::new(WORKLOADS.iter().map(|workload| workload.name)))]
    workload: Vec<String>,

    /// Requests per second of all clients together; 0 for as many as they can.
    #[arg(long, value_name = "PER_SECOND", default_value_t = Scenario::RATE)]
    rate: u32,

    /// Client processes per workload.
    #[arg(long, value_name = "COUNT", default_value_t = Scenario::PROCESSES, value_parser = value_parser!(u32).range(1..=1_000))]
    concurrency: u32,

    /// Drop the workloads' own database first.
    #[arg(long)]
    drop: bool,

    /// Where runs are kept.
    #[arg(long, value_name = "DIRECTORY", default_value = "results")]
    results: PathBuf,
}

/// Asks; the verdict is the exit code.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let (interrupter, interrupt) = Interrupter::pair();
        tokio::spawn(interrupter.listen()?);
        let named = arguments.workload.iter();
        let attached = Attached {
            uri: arguments.uri,
            scenario: Scenario {
                seed: arguments.seed.unwrap_or_else(seed::fresh),
                members: Scenario::MEMBERS,
                time_limit: Duration::from_secs(arguments.time_limit),
                processes: arguments.concurrency,
                rate: (arguments.rate > 0).then_some(arguments.rate),
                ..Scenario::default()
            },
            cast: Cast {
                workloads: named.filter_map(|name| catalogue::find(name)).collect(),
                nemeses: Vec::new(),
                planted_bug: None,
            },
            results: arguments.results,
            drop_first: arguments.drop,
            console: context.console.clone(),
            interrupt,
        };
        anyhow::Ok(attached.play().await?)
    })?;
    tell::outcome(&outcome, &context.console);
    Ok(outcome.verdict.overall.into())
}
