//! `checker bench checks`: every check on long histories.

use serde_json::json;

use crate::{
    bench::{
        BudgetRow, CheckRow, FAMILIES, Held, budget_table, check_table, measure_beside_history,
        measure_budgets, measure_family,
    },
    cli::context::Context,
    record::exit::Exit,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Number of operations of each history.
    #[arg(long, default_value_t = 1_000_000)]
    operations: u32,

    /// Everything random is drawn from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How far each goes beyond a budget of time or memory that does not suffice, instead.
    #[arg(long)]
    budgets: bool,
}

/// Measures and prints the table. An error when one that is right was not accepted, or a flaw not found.
pub(super) fn execute(arguments: &Arguments, context: &Context) -> anyhow::Result<Exit> {
    if arguments.budgets {
        return Ok(budgets(arguments, context));
    }
    let mut rows = Vec::new();
    for (family, _) in FAMILIES {
        context.console.progress(|| format!("{family:?}"));
        rows.extend(measure_family(family, arguments.operations, arguments.seed));
    }
    context.console.progress(|| "beside the history".to_owned());
    rows.extend(measure_beside_history(arguments.operations, arguments.seed));
    context.console.progress_done();
    let row = |row: &CheckRow| {
        json!({
            "check": row.check,
            "history": row.about,
            "operations": row.operations,
            "cpu_seconds": row.right.cpu_seconds,
            "peak_bytes": row.right.peak_bytes,
            "validity": row.right.validity,
            "flawed_cpu_seconds": row.flawed.cpu_seconds,
            "flawed_validity": row.flawed.validity,
        })
    };
    context.console.result(
        || check_table(&rows),
        || json!(rows.iter().map(row).collect::<Vec<_>>()),
    );
    if let Some(wrong) = rows.iter().find(|row| !row.is_right()) {
        anyhow::bail!(
            "{} did not accept what is right, or did not find the flaw",
            wrong.check
        );
    }
    Ok(Exit::Pass)
}

fn budgets(arguments: &Arguments, context: &Context) -> Exit {
    let console = &context.console;
    let rows = measure_budgets(arguments.operations, arguments.seed, |family| {
        console.progress(|| format!("{family:?}"));
    });
    console.progress_done();
    let held = |held: &Held| json!({ "allowed": held.allowed, "taken": held.taken, "gave_up": held.gave_up });
    let row = |row: &BudgetRow| {
        json!({
            "check": row.check,
            "history": format!("{:?}", row.about),
            "seconds": row.whole.as_secs_f64(),
            "times": row.times.iter().map(held).collect::<Vec<_>>(),
            "memory": row.memory.as_ref().map(held),
        })
    };
    console.result(
        || budget_table(&rows),
        || json!(rows.iter().map(row).collect::<Vec<_>>()),
    );
    Exit::Pass
}
