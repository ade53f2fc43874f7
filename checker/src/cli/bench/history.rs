//! `checker bench history`: the check of registers beside those of others.

use std::time::Duration;

use serde_json::json;

use crate::cli::context::Context;
use crate::{
    bench::{Limits, Row, measure, plan, table},
    checks::Validity,
    record::exit::Exit,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Number of operations of each history.
    #[arg(long, default_value_t = 10_000)]
    operations: u32,

    /// Everything random is drawn from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// Seconds that a baseline may take on one history.
    #[arg(long, default_value_t = 5)]
    limit_seconds: u64,
}

/// Measures and prints the table. Exit code 0 when nobody who decided was contradicted.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Exit> {
    let limits = Limits {
        time: Duration::from_secs(arguments.limit_seconds),
        ..Limits::default()
    };
    let mut rows = Vec::new();
    for shape in plan(arguments.operations, arguments.seed) {
        context.console.progress(|| format!("{shape:?}"));
        rows.push(measure(&shape, &limits));
    }
    context.console.progress_done();
    context.console.result(
        || table(&rows),
        || json!(rows.iter().map(row).collect::<Vec<_>>()),
    );
    let contradicted = |row: &Row| {
        let others = [Some(row.wgl), row.stateright].into_iter().flatten();
        let mut decided = others
            .map(|other| other.validity)
            .filter(|validity| *validity != Validity::Unknown);
        row.ours.validity != Validity::Unknown && decided.any(|validity| validity != row.ours.validity)
    };
    if rows.iter().any(contradicted) {
        anyhow::bail!("two checkers contradict each other on the same history");
    }
    Ok(Exit::Pass)
}

fn row(row: &Row) -> serde_json::Value {
    json!({
        "shape": format!("{:?}", row.shape),
        "ours_cpu_seconds": row.ours.cpu_seconds,
        "ours": row.ours.validity,
        "wgl_cpu_seconds": row.wgl.cpu_seconds,
        "wgl": row.wgl.validity,
        "ratio": row.ratio(),
        "stateright_cpu_seconds": row.stateright.map(|measured| measured.cpu_seconds),
    })
}
