//! `checker bench history`: the check of registers beside those of others, on histories made here and on given ones.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;

use super::Ratio;
use crate::bench::{
    GivenRow, Limits, Row, Sum, given_table, measure, measure_given, plan, stateright_peer, table, table_line,
};
use crate::{cli::context::Context, record::exit::Exit};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Numbers of operations of the histories, one table after the other.
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        default_value = "10000",
        conflicts_with = "histories"
    )]
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

    /// Ask Stateright's tester of every history, in a process of its own (else: of the short ones).
    #[arg(long)]
    stateright: bool,

    /// Ask nobody but our check: time, memory, and what this process held with the history in it.
    #[arg(long, conflicts_with_all = ["porcupine", "stateright"])]
    only_ours: bool,

    /// Leave out so many histories at the begin of each table: to go on where a long one was stopped.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 0,
        conflicts_with = "histories"
    )]
    skip: usize,

    /// Instead: histories that others recorded, below this directory (.edn of Jepsen, .log of its etcd test, .txt of
    /// Porcupine's key-value store).
    #[arg(long, value_name = "DIRECTORY")]
    histories: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct PeerArguments {
    /// The file that the bench has written.
    path: PathBuf,
    /// CPU seconds; the caller enforces them.
    seconds: f64,
}

/// What the bench starts as a process of its own.
pub(super) fn execute_peer(arguments: &PeerArguments, context: &Context) -> anyhow::Result<Exit> {
    let answer = stateright_peer(&arguments.path)?;
    context.console.result(|| answer.clone(), || json!(answer));
    Ok(Exit::Pass)
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
        only_ours: arguments.only_ours,
        porcupine: arguments.porcupine,
        stateright: arguments.stateright.then(std::env::current_exe).transpose()?,
        ..Limits::default()
    };
    if let Some(root) = &arguments.histories {
        return given(root, &limits, peer, context);
    }
    let mut rows = Vec::new();
    let shapes = arguments.operations.iter();
    for shape in
        shapes.flat_map(|operations| plan(*operations, arguments.seed).into_iter().skip(arguments.skip))
    {
        context.console.progress(|| format!("{shape:?}"));
        let row = measure(&shape, &limits)?;
        context.console.progress(|| table_line(&row));
        rows.push(row);
    }
    context.console.progress_done();
    context.console.result(
        || table(&rows),
        || json!(rows.iter().map(row).collect::<Vec<_>>()),
    );
    if rows.iter().any(Row::is_contradicted) {
        anyhow::bail!("two checkers contradict each other on the same history");
    }
    let mut ratios: Vec<f64> = rows.iter().filter_map(Row::ratio).collect();
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

fn given(root: &Path, limits: &Limits, peer: &str, context: &Context) -> anyhow::Result<Vec<Ratio>> {
    let rows = measure_given(root, limits)?;
    context.console.result(
        || given_table(&rows),
        || json!(rows.iter().map(given_row).collect::<Vec<_>>()),
    );
    if let Some(path) = rows.iter().find_map(|row| row.contradicted.first()) {
        anyhow::bail!("two checkers contradict each other on {}", path.display());
    }
    let ours: f64 = rows.iter().map(|row| row.ours.cpu_seconds).sum();
    if limits.only_ours {
        return Ok(Vec::new());
    }
    let theirs: f64 = rows
        .iter()
        .filter_map(|row| Some(row.baseline()?.cpu_seconds))
        .sum();
    Ok(vec![Ratio {
        name: "linearizable, all given histories".to_owned(),
        peer: peer.to_owned(),
        ratio: theirs / ours.max(1e-6),
    }])
}

fn given_row(row: &GivenRow) -> serde_json::Value {
    let sum = |sum: &Sum| {
        json!({
            "cpu_seconds": sum.cpu_seconds,
            "slowest_seconds": sum.slowest_seconds,
            "valid": sum.valid,
            "invalid": sum.invalid,
            "gave_up": sum.gave_up,
        })
    };
    json!({
        "folder": row.folder,
        "histories": row.histories,
        "operations": row.operations,
        "ours": sum(&row.ours),
        "wgl": row.wgl.as_ref().map(sum),
        "porcupine": row.porcupine.as_ref().map(sum),
        "stateright": row.stateright.as_ref().map(sum),
    })
}

fn row(row: &Row) -> serde_json::Value {
    json!({
        "shape": format!("{:?}", row.shape),
        "ours_cpu_seconds": row.ours.cpu_seconds,
        "ours": row.ours.validity,
        "ours_peak_bytes": row.ours.peak_bytes,
        "whole_bytes": row.whole_bytes(),
        "wgl_cpu_seconds": row.wgl.map(|measured| measured.cpu_seconds),
        "wgl": row.wgl.map(|measured| measured.validity),
        "porcupine_cpu_seconds": row.porcupine.map(|measured| measured.cpu_seconds),
        "porcupine_peak_bytes": row.porcupine.and_then(|measured| measured.peak_bytes),
        "porcupine": row.porcupine.map(|measured| measured.validity),
        "ratio": row.ratio(),
        "stateright_cpu_seconds": row.stateright.map(|measured| measured.cpu_seconds),
    })
}
