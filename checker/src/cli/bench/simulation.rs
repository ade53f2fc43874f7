//! `checker bench simulation`: simulated time per second of processor time.

use serde_json::json;

use crate::{
    bench::cpu_seconds,
    cli::context::Context,
    record::exit::Exit,
    simulation::{Options, Size, simulate_many},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How many seeds, on one thread.
    #[arg(long, default_value_t = 500)]
    seeds: u64,

    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,

    /// So many ordinary members instead of what each seed draws.
    #[arg(long, requires = "clients", value_parser = clap::value_parser!(u8).range(1..=7))]
    members: Option<u8>,

    /// So many clients.
    #[arg(long, requires = "members", value_parser = clap::value_parser!(u32).range(1..=100))]
    clients: Option<u32>,
}

/// Simulates and prints the rates. A violation is a violation here, too.
pub(super) fn execute(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let seeds = arguments.from..arguments.from + arguments.seeds;
    let (mut done, mut steps, mut virtual_us, mut operations, mut violations) =
        (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    let options = Options {
        size: arguments
            .members
            .zip(arguments.clients)
            .map(|(members, clients)| Size { members, clients }),
        ..Options::default()
    };
    let begun = cpu_seconds();
    simulate_many(seeds, 1, &options, |outcome| {
        done += 1;
        steps += outcome.steps;
        virtual_us += outcome.virtual_us;
        operations += outcome.operations;
        violations += u64::from(outcome.violation.is_some());
        context
            .console
            .progress(|| format!("{done} of {} seeds", arguments.seeds));
        true
    });
    let seconds = (cpu_seconds() - begun).max(1e-9);
    context.console.progress_done();
    let per_second = |count: u64| count as f64 / seconds;
    let simulated = per_second(virtual_us) / 1e6;
    context.console.result(
        || {
            format!(
                "{done} seeds in {seconds:.1} s of processor time: in each of them {simulated:.0} simulated s, {:.2} M steps \
                 of the core, {:.0} k operations of clients; {violations} violations",
                per_second(steps) / 1e6,
                per_second(operations) / 1e3,
            )
        },
        || {
            json!({
                "seeds": done,
                "cpu_seconds": seconds,
                "simulated_seconds_per_cpu_second": simulated,
                "steps_per_cpu_second": per_second(steps),
                "operations_per_cpu_second": per_second(operations),
                "violations": violations,
            })
        },
    );
    Ok(if violations == 0 {
        Exit::Pass
    } else {
        Exit::Violation
    })
}
