//! `checker bench history`: the check of registers beside those of others.

use std::{path::PathBuf, time::Duration};

use serde_json::json;

use super::Ratio;
use crate::bench::{Limits, Row, measure, plan, table};
use crate::cli::context::Context;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Numbers of operations of the histories, one table after the other.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "10000")]
    operations: Vec<u32>,

    /// Everything random is drawn from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// CPU seconds that a baseline may take on one history.
    #[arg(long, default_value_t = 5)]
    limit_seconds: u64,

    /// Ask Porcupine itself, too: the harness built from `checker/src/bench/porcupine`.
    #[arg(long, value_name = "PROGRAM")]
    porcupine: Option<PathBuf>,
}

/// Measures and prints the table; the median ratio.
///
/// # Errors
/// When two that decided contradict each other.
pub(super) fn execute(arguments: Arguments, context: &Context) -> anyhow::Result<Vec<Ratio>> {
    let peer = if arguments.porcupine.is_some() {
        "Porcupine"
    } else {
        "Wing-Gong-Lowe"
    };
    let limits = Limits {
        time: Duration::from_secs(arguments.limit_seconds),
        porcupine: arguments.porcupine,
        ..Limits::default()
    };
    let mut rows = Vec::new();
    let shapes = arguments.operations.iter();
    for shape in shapes.flat_map(|operations| plan(*operations, arguments.seed)) {
        context.console.progress(|| format!("{shape:?}"));
        rows.push(measure(&shape, &limits)?);
    }
    context.console.progress_done();
    context.console.result(
        || table(&rows),
        || json!(rows.iter().map(row).collect::<Vec<_>>()),
    );
    if rows.iter().any(Row::is_contradicted) {
        anyhow::bail!("two checkers contradict each other on the same history");
    }
    let mut ratios: Vec<f64> = rows.iter().map(Row::ratio).collect();
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ratios.len() / 2).copied();
    Ok(median
        .map(|ratio| Ratio {
            name: "linearizable, median of all histories".to_owned(),
            peer: peer.to_owned(),
            ratio,
        })
        .into_iter()
        .collect())
}

fn row(row: &Row) -> serde_json::Value {
    json!({
        "shape": format!("{:?}", row.shape),
        "ours_cpu_seconds": row.ours.cpu_seconds,
        "ours": row.ours.validity,
        "wgl_cpu_seconds": row.wgl.cpu_seconds,
        "ours_peak_bytes": row.ours.peak_bytes,
        "wgl": row.wgl.validity,
        "porcupine_cpu_seconds": row.porcupine.map(|measured| measured.cpu_seconds),
        "porcupine_peak_bytes": row.porcupine.and_then(|measured| measured.peak_bytes),
        "porcupine": row.porcupine.map(|measured| measured.validity),
        "ratio": row.ratio(),
        "stateright_cpu_seconds": row.stateright.map(|measured| measured.cpu_seconds),
    })
}
