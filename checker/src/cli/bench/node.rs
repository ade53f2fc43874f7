//! `checker bench node`: majority-durable writes and failover, beside etcd and PostgreSQL in the same run.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::LocalSet;

use super::Ratio;
use crate::{
    bench::servers::{Cell, Client, Data, Etcd, Ours, Postgres, find_program, measure, time_to_first_write},
    cli::context::Context,
};

/// Etcd and PostgreSQL are measured if they are installed; `deploy/bench-peers.sh` installs Debian's packages.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Clients at once, one cell each.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    clients: Vec<usize>,

    /// Bytes of a value.
    #[arg(long, default_value_t = 100)]
    bytes: usize,

    /// Seconds of a cell.
    #[arg(long, default_value_t = 5)]
    seconds: u64,

    /// Deaths of the leader.
    #[arg(long, default_value_t = 3)]
    failovers: u32,

    /// Documents of a member that is killed and comes back, and of one that has to copy them; a row each.
    #[arg(long, value_delimiter = ',', default_value = "30000,300000")]
    documents: Vec<usize>,

    /// The server, built with optimisation [default: `node` beside this program].
    #[arg(long, value_name = "PATH")]
    node: Option<PathBuf>,
}

impl Arguments {
    fn server(&self) -> anyhow::Result<PathBuf> {
        let node = match &self.node {
            Some(node) => node.clone(),
            None => env::current_exe()?.with_file_name("node"),
        };
        anyhow::ensure!(
            node.is_file(),
            "no server at {}: cargo build --release -p node, or --node PATH",
            node.display()
        );
        Ok(node)
    }
}

impl Comeback {
    fn value(&self) -> serde_json::Value {
        json!({
            "documents": self.documents,
            "restart_ms": self.restart.as_secs_f64() * 1e3,
            "copy_ms": self.copy.as_secs_f64() * 1e3,
        })
    }
}

/// What one system did.
struct Column {
    system: &'static str,
    cells: Vec<Cell>,
    failovers: Vec<Duration>,
}

/// How long a member was away.
struct Comeback {
    documents: usize,
    restart: Duration,
    copy: Duration,
}

/// Measures each system in turn and prints the table.
pub(super) fn execute(arguments: &Arguments, context: &Context) -> anyhow::Result<Vec<Ratio>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let columns = LocalSet::new().block_on(&runtime, all(arguments, context))?;
    let comebacks = LocalSet::new().block_on(&runtime, comebacks(arguments, context))?;
    context.console.progress_done();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?").to_owned();
    context.console.result(
        || format!("{}{}", table(&columns, &load), words(&comebacks)),
        || {
            let comebacks: Vec<_> = comebacks.iter().map(Comeback::value).collect();
            let systems: Vec<_> = columns.iter().map(value).collect();
            json!({ "load": load, "systems": systems, "comebacks": comebacks })
        },
    );
    Ok(ratios(&columns, arguments.bytes))
}

async fn all(arguments: &Arguments, context: &Context) -> anyhow::Result<Vec<Column>> {
    let node = arguments.server()?;
    let console = &context.console;
    let mut columns = Vec::new();
    console.progress(|| "ours".to_owned());
    let place = room()?;
    let set = Ours::start(&node, place.path()).await?;
    let mut cells = Vec::new();
    for clients in &arguments.clients {
        cells.push(cell(set.clients(*clients).await?, arguments).await?);
    }
    drop(set);
    let mut failovers = Vec::new();
    for _ in 0..arguments.failovers {
        let place = room()?;
        let mut set = Ours::start(&node, place.path()).await?;
        cell(set.clients(16).await?, arguments).await?;
        let (survivors, killed) = set.kill_leader().await?;
        failovers.push(time_to_first_write(survivors, killed).await?);
    }
    columns.push(Column {
        system: "node",
        cells,
        failovers,
    });
    match find_program("etcd") {
        None => console.warn("etcd is not installed (deploy/bench-peers.sh): not measured"),
        Some(program) => columns.push(etcd(&program, arguments, context).await?),
    }
    match find_program("initdb") {
        None => console.warn("PostgreSQL is not installed (deploy/bench-peers.sh): not measured"),
        Some(program) => {
            console.progress(|| "PostgreSQL".to_owned());
            let place = room()?;
            let home = place.path().join("postgres");
            fs::create_dir(&home)?;
            // Where it really lies its companions are, too.
            let program = fs::canonicalize(program)?;
            let programs = program.parent().context("initdb lies nowhere")?;
            let server = Postgres::start(programs, &home).await?;
            let mut cells = Vec::new();
            for clients in &arguments.clients {
                cells.push(cell(server.clients(*clients).await?, arguments).await?);
            }
            // It has no failover of its own.
            columns.push(Column {
                system: "PostgreSQL",
                cells,
                failovers: Vec::new(),
            });
        }
    }
    Ok(columns)
}

async fn comebacks(arguments: &Arguments, context: &Context) -> anyhow::Result<Vec<Comeback>> {
    let node = arguments.server()?;
    let mut comebacks = Vec::new();
    for &documents in &arguments.documents {
        context
            .console
            .progress(|| format!("comebacks with {documents} documents"));
        let place = room()?;
        let mut set = Ours::start(&node, place.path()).await?;
        set.fill(documents, arguments.bytes).await?;
        comebacks.push(Comeback {
            documents,
            restart: set.time_to_return(Data::Kept, documents).await?,
            copy: set.time_to_return(Data::Gone, documents).await?,
        });
    }
    Ok(comebacks)
}

async fn etcd(program: &Path, arguments: &Arguments, context: &Context) -> anyhow::Result<Column> {
    context.console.progress(|| "etcd".to_owned());
    let place = room()?;
    let cluster = Etcd::start(program, place.path()).await?;
    let mut cells = Vec::new();
    for clients in &arguments.clients {
        cells.push(cell(cluster.clients(*clients).await?, arguments).await?);
    }
    drop(cluster);
    let mut failovers = Vec::new();
    for _ in 0..arguments.failovers {
        let place = room()?;
        let mut cluster = Etcd::start(program, place.path()).await?;
        cell(cluster.clients(16).await?, arguments).await?;
        let (survivors, killed) = cluster.kill_leader().await?;
        failovers.push(time_to_first_write(survivors, killed).await?);
    }
    failovers.sort_unstable();
    Ok(Column {
        system: "etcd",
        cells,
        failovers,
    })
}

async fn cell<C: Client>(clients: Vec<C>, arguments: &Arguments) -> anyhow::Result<Cell> {
    // Keys are new each time.
    let name = format!("c{}", clients.len());
    measure(
        clients,
        &name,
        arguments.bytes,
        Duration::from_secs(arguments.seconds),
    )
    .await
}

fn room() -> anyhow::Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("checker-bench-").tempdir()?)
}

fn table(columns: &[Column], load: &str) -> String {
    let mut text = format!(
        "majority-durable inserts, closed loop, three members each on this machine (load {load})\n{:<12} {:>8} {:>10} {:>9} {:>9} {:>8}",
        "system", "clients", "writes/s", "p50 ms", "p99 ms", "ratio"
    );
    for column in columns {
        for (cell, ours) in column.cells.iter().zip(&columns[0].cells) {
            text.push_str(&format!(
                "\n{:<12} {:>8} {:>10.0} {:>9.2} {:>9.2} {:>8.2}",
                column.system,
                cell.clients,
                cell.per_second,
                cell.p50_ms,
                cell.p99_ms,
                ours.per_second / cell.per_second
            ));
        }
    }
    text.push_str("\nkill -9 of the leader to the first write acknowledged that was sent since");
    for column in columns.iter().filter(|column| !column.failovers.is_empty()) {
        let times: Vec<String> = column
            .failovers
            .iter()
            .map(|time| format!("{:.0}", time.as_secs_f64() * 1e3))
            .collect();
        text.push_str(&format!("\n{:<12} {} ms", column.system, times.join(", ")));
    }
    text
}

fn value(column: &Column) -> serde_json::Value {
    let cell = |cell: &Cell| {
        json!({
            "clients": cell.clients, "writes_per_second": cell.per_second, "p50_ms": cell.p50_ms, "p99_ms": cell.p99_ms,
        })
    };
    json!({
        "system": column.system,
        "cells": column.cells.iter().map(cell).collect::<Vec<_>>(),
        "failover_ms": column.failovers.iter().map(|time| time.as_secs_f64() * 1e3).collect::<Vec<_>>(),
    })
}

fn words(comebacks: &[Comeback]) -> String {
    let mut text = String::new();
    if !comebacks.is_empty() {
        text.push_str("\nfrom the start of a killed secondary until it is one again");
    }
    for comeback in comebacks {
        text.push_str(&format!(
            "\n{:>9} documents: {:.0} ms with its data, {:.0} ms to copy them",
            comeback.documents,
            comeback.restart.as_secs_f64() * 1e3,
            comeback.copy.as_secs_f64() * 1e3
        ));
    }
    text
}

/// How many times as many writes ours does in the same time.
fn ratios(columns: &[Column], bytes: usize) -> Vec<Ratio> {
    let ours = &columns[0];
    let of = |column: &Column| {
        let cells = column.cells.iter().zip(&ours.cells);
        let ratio = |(theirs, ours): (&Cell, &Cell)| Ratio {
            name: format!("inserts of {bytes} bytes, {} clients", ours.clients),
            peer: column.system.to_owned(),
            ratio: ours.per_second / theirs.per_second,
        };
        cells.map(ratio).collect::<Vec<_>>()
    };
    columns[1..].iter().flat_map(of).collect()
}
