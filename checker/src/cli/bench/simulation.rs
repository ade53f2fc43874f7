//! `checker bench simulation`: simulated time per second of one processor.

use std::time::Instant;

use serde_json::json;

use crate::{
    cli::context::Context,
    record::exit::Exit,
    simulation::{Options, simulate_many},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How many seeds, on one thread.
    #[arg(long, default_value_t = 500)]
    seeds: u64,

    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
}

/// Simulates and prints the rates. A violation is a violation here, too.
pub(super) fn execute(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    let seeds = arguments.from..arguments.from + arguments.seeds;
    let (mut done, mut steps, mut virtual_us, mut operations, mut violations) =
        (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    let begun = Instant::now();
    simulate_many(seeds, 1, &Options::default(), |outcome| {
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
    let seconds = begun.elapsed().as_secs_f64().max(1e-9);
    context.console.progress_done();
    let per_second = |count: u64| count as f64 / seconds;
    let simulated = per_second(virtual_us) / 1e6;
    context.console.result(
        || {
            format!(
                "{done} seeds in {seconds:.1} s on one thread: {simulated:.0} simulated s/s, {:.2} M steps of the core/s, \
                 {:.0} k client operations/s, {violations} violations",
                per_second(steps) / 1e6,
                per_second(operations) / 1e3,
            )
        },
        || {
            json!({
                "seeds": done,
                "seconds": seconds,
                "simulated_seconds_per_second": simulated,
                "steps_per_second": per_second(steps),
                "operations_per_second": per_second(operations),
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
